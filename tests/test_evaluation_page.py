"""The HTML report: self-contained, safe, and working in a real browser."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from test_evaluation_reports import SETTING, report, row

from assistant.errors import Unusable
from assistant.evaluation import charts
from assistant.evaluation.comparison import compare
from assistant.evaluation.page import failure_kind, page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> & $title"


def wrong(name: str, tags: list[str], **changes: Any) -> Any:
    return row(name, False, **changes) | {"tags": tags}


ROWS = [
    row("right", True),
    wrong("elsewhere", ["place"]),
    wrong("missed", ["date"], answered=False),
    wrong("invented", ["near-miss", 'odd "tag"'], unanswerable=True),
    wrong("hostile", ["place"]) | {"question": HOSTILE, "answers": [HOSTILE]},
]
REPORT = report(ROWS, comparison=compare("old.json", ROWS[:1], [wrong("right", [])], seed=0))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (row("a", True), None),
        (row("a", True, unanswerable=True, answered=False), None),
        (row("a", False, unanswerable=True), "invented"),
        (row("a", False, answered=False), "missed"),
        (row("a", False), "elsewhere"),
    ],
)
def test_kinds_of_failure(given: Any, kind: str | None) -> None:
    assert failure_kind(given) == kind


def test_the_right_sentence_with_other_words_is_a_failure_of_its_own() -> None:
    outcome = row("a", False)["end_to_end"]
    scores = outcome["scores"] | {"citation_recall": 1.0}
    assert failure_kind(row("a", False) | {"end_to_end": outcome | {"scores": scores}}) == "wording"


def test_the_page_refers_to_nothing_outside_itself() -> None:
    written = re.sub(r"<article.*?</article>", "", page(REPORT), flags=re.DOTALL)
    links = re.findall(r"""(?:src|href|action)=["']?([^"'\s>]+)""", written)
    assert all(link.startswith("#") for link in links), links
    assert not re.search(r"@import|url\((?!#)", written)


def test_text_is_escaped_whatever_it_holds() -> None:
    written = page(REPORT)
    assert HOSTILE not in written
    assert "&lt;img src=x" in written
    assert written.count("<script") == 1


def test_ids_of_the_charts_do_not_clash() -> None:
    ids = re.findall(r'\bid="([^"]+)"', page(REPORT))
    assert len(ids) == len(set(ids))


def test_equal_runs_give_equal_pages() -> None:
    assert page(REPORT) == page(REPORT)


def test_a_run_without_failures_or_answers_still_has_a_page() -> None:
    for rows in ([row("a", True)], [row("a", True, unanswerable=True, answered=False)]):
        assert page(report(rows)).count("<svg") == 3


def test_without_matplotlib_html_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Unusable, match=r"pip install 'assistant\[eval\]'"):
        charts.check_charts_can_be_drawn()


# --- in a browser

# Runs after the page's own script: uses the filter as a reader does and leaves what it saw in the title.
PROBE = """
<script>
  const shown = () => Array.from(document.querySelectorAll("article")).filter(a => a.offsetHeight > 0).length;
  const choose = (name, value) => {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
    return [shown(), form.querySelector("output").textContent];
  };
  const seen = {title: document.title, all: shown()};
  seen.missed = choose("kind", "missed");
  seen.none = choose("tag", "place");
  choose("kind", "");
  seen.place = choose("tag", "place");
  choose("tag", "");
  seen.quoted = choose("tag", 'odd "tag"');
  choose("tag", "");
  seen.words = choose("words", "INVENTED trois");
  seen.charts = Array.from(document.querySelectorAll("figure svg")).map(svg => svg.getBoundingClientRect().width > 100
    && svg.getBoundingClientRect().height > 100 && svg.querySelectorAll("path").length > 10);
  const sides = document.querySelector(".sides").children;
  seen.sideBySide = sides[0].getBoundingClientRect().right <= sides[1].getBoundingClientRect().left;
  document.title = JSON.stringify(seen);
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
def test_the_page_works_in_chromium(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(REPORT) + PROBE, encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom")
    command = [str(CHROMIUM), *options, "--virtual-time-budget=2000", path.as_uri()]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r"<title>(.*?)</title>", dumped, re.S)
    assert found is not None
    seen = json.loads(unescape(found.group(1)))
    assert seen["title"] == f"Evaluation of {SETTING.reader} on {SETTING.questions}"
    assert seen["all"] == 4
    assert seen["missed"] == [1, "1 of 4"]
    assert seen["none"] == [0, "0 of 4"]
    assert seen["place"] == [2, "2 of 4"]
    assert seen["quoted"] == [1, "1 of 4"]
    assert seen["words"] == [1, "1 of 4"]
    assert seen["charts"] == [True, True, True]
    assert seen["sideBySide"]
