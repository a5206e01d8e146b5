"""Figures, comparisons, floors and the terminal's tables, from rows whose figures are plain to see."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import BadRequest
from assistant.evaluation.comparison import compare, load_rows
from assistant.evaluation.datasets import Problem
from assistant.evaluation.figures import Rows, figures
from assistant.evaluation.floors import falls_below, parse_floor
from assistant.evaluation.report import Report, Setting, as_json
from assistant.evaluation.terminal import print_report

SETTING = Setting("q.jsonl", 2, 1, 9, "reader-1", "embedder-1", "fr", 0)
CITATION = {
    "document": "a.txt",
    "sentence_number": 2,
    "start": 10,
    "end": 16,
    "sentence": "Trois.",
    "quote": {"start": 10, "end": 15},
}


def row(name: str, right: bool, unanswerable: bool = False, answered: bool = True, rank: int | None = 1) -> Any:
    """A row whose every score is 1 or 0."""
    one = float(right)
    scores = {f"{score}{variant}": one for score in ("em", "f1") for variant in ("", "_fr", "_en", "_folded")}
    cited = None if unanswerable else one
    scores |= {"citation_precision": cited, "citation_recall": cited, "citation_f1": cited}
    scores |= {"verbatim": 1.0 if answered else None}
    outcome = {
        "answer": "Trois" if answered else None,
        "completed": None,
        "confidence": 0.75,
        "citations": [CITATION] if answered else [],
        "nearest": [] if answered else [CITATION],
        "scores": scores,
        "seconds": 0.2,
    }
    gold = [] if unanswerable else [{**CITATION, "quote": None}]
    answers = [] if unanswerable else ["Trois"]
    known = {"id": name, "question": f"{name} ?", "tags": ["number"], "unanswerable": unanswerable}
    return known | {"answers": answers, "gold": gold, "rank": rank, "reading": outcome, "end_to_end": outcome}


def report(rows: Rows, **more: Any) -> Report:
    return Report(SETTING, rows, tuple(figures(rows, seed=0)), **more)


def printed(of: Report) -> str:
    stream = io.StringIO()
    print_report(of, stream)
    return stream.getvalue()


def test_every_figure_has_a_value_an_interval_and_its_eligible_count() -> None:
    rows = [row("a", True), row("b", False, rank=4), row("c", True, unanswerable=True, answered=False)]
    found = as_json(report(rows))["figures"]
    assert found["retrieval"]["r@1"]["value"] == 0.5
    assert found["retrieval"]["mrr"]["value"] == 0.625
    assert found["retrieval"]["r@5"] == {"value": 1.0, "interval": (1.0, 1.0), "eligible": 2}
    end = found["end_to_end"]
    assert (end["f1"]["value"], end["f1"]["eligible"]) == (pytest.approx(2 / 3), 3)
    assert (end["has_answer_f1"]["value"], end["has_answer_f1"]["eligible"]) == (0.5, 2)
    assert (end["no_answer_f1"]["value"], end["no_answer_f1"]["eligible"]) == (1, 1)
    assert (end["citation_f1"]["value"], end["citation_f1"]["eligible"]) == (0.5, 2)
    assert end["latency_p50"]["value"] == pytest.approx(0.2)
    assert end["questions_per_second"]["value"] == pytest.approx(5)
    assert end["ece"]["value"] == pytest.approx(0.25)  # two answers at 0.75, one of them right
    low, high = end["f1"]["interval"]
    assert 0 <= low < 2 / 3 < high <= 1


def test_no_eligible_question_gives_no_figure() -> None:
    found = as_json(report([row("a", True)]))["figures"]["end_to_end"]
    assert found["abstention_f1"] == {"value": None, "interval": None, "eligible": 0}


def test_the_report_is_json_and_can_be_read_back(tmp_path: Path) -> None:
    written = report([row("a", True), row("b", False)], skipped=(Problem("line 3", "it is odd"),))
    path = tmp_path / "old.json"
    path.write_text(json.dumps(as_json(written)), encoding="utf-8")
    assert load_rows(path) == written.rows
    assert json.loads(path.read_text())["skipped"] == ["line 3: it is odd"]


def test_the_terminal_shows_the_three_depths_and_each_figure_with_its_count() -> None:
    shown = printed(report([row("a", True), row("b", False)]))
    assert "2 questions over 1 document, 9 sentences" in shown
    for line in ("retrieval", "reading", "end to end"):
        assert f"\n  {line} " in shown
    assert "token F1 " in shown
    assert "200 ms" in shown
    assert "after French normalisation" in shown
    assert max(map(len, shown.splitlines()[3:])) <= 80


def test_an_unfinished_run_says_how_far_it_came() -> None:
    unfinished = report([row("a", True)])
    assert unfinished.interrupted
    assert "1 of 2 questions" in printed(unfinished)


# --- comparison


def test_a_comparison_pairs_questions_and_tells_which_flipped() -> None:
    old = [row("kept", True), row("lost", True), row("won", False), row("gone", True)]
    new = [row("won", True), row("lost", False, answered=False), row("kept", True), row("fresh", True)]
    found = compare("old.json", old, new, seed=0)
    assert (found.questions, found.left_out) == (3, 2)
    answers = [(flip.id, flip.better, flip.new_answer) for flip in found.flips if flip.what == "answer"]
    assert answers == [("lost", False, None), ("won", True, "Trois")]
    change = next(c for c in found.differences if (c.depth, c.measure.name) == ("end_to_end", "f1"))
    assert change.old == change.new == pytest.approx(2 / 3)
    assert not change.is_sure


def test_a_difference_that_every_question_shows_is_sure() -> None:
    old, new = ([row(str(i), right) for i in range(20)] for right in (False, True))
    changes = compare("old.json", old, new, seed=0).differences
    change = next(c for c in changes if (c.depth, c.measure.name) == ("end_to_end", "em"))
    assert (change.old, change.new, change.interval) == (0, 1, (1, 1))
    assert change.is_sure


def test_questions_whose_wording_changed_are_not_compared() -> None:
    reworded = row("a", True) | {"question": "Autrement ?"}
    found = compare("old.json", [row("a", True)], [reworded], seed=0)
    assert (found.questions, found.left_out, found.differences) == (0, 2, ())


def test_the_terminal_shows_differences_and_flips() -> None:
    old, new = [row("a", False), row("b", True)], [row("a", True), row("b", True)]
    shown = printed(report(new, comparison=compare("old.json", old, new, seed=0)))
    assert "Against old.json: 2 questions in common, 0 not" in shown
    assert "+0.500" in shown
    assert "1 question whose answer became right\n  a  a ?\n    Trois → Trois" in shown


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", '{"questions": [{}]}', '{"format": 1, "questions": 3}', '{"format": 9, "questions": []}'],
)
def test_what_is_no_report_cannot_be_compared_with(tmp_path: Path, content: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(content)
    with pytest.raises(BadRequest, match="cannot compare with"):
        load_rows(path)
    with pytest.raises(BadRequest, match="No such file"):
        load_rows(tmp_path / "nowhere.json")


# --- floors


@pytest.mark.parametrize(
    ("floor", "reached"),
    [("f1=0.5", True), ("f1=0.51", False), ("reading.em=.5", True), ("r@1=1", True), ("abstention_f1=0", False)],
)
def test_a_floor_is_reached_from_its_value_on(floor: str, reached: bool) -> None:
    found = figures([row("a", True), row("b", False)], seed=0)
    missed = list(falls_below([parse_floor(floor)], found))
    assert bool(missed) != reached


def test_a_missed_floor_says_by_how_much() -> None:
    found = figures([row("a", True), row("b", False)], seed=0)
    assert list(falls_below([parse_floor("f1=0.8")], found)) == ["end_to_end.f1 is 0.500, below 0.800"]
    assert list(falls_below([parse_floor("abstention_f1=0.1")], found)) == [
        "end_to_end.abstention_f1 is –, below 0.100"
    ]


@pytest.mark.parametrize(
    "floor", ["", "f1", "f1=", "f1=high", "f1=nan", "f2=1", "latency_p50=1", "retrieval.f1=1", "=1"]
)
def test_a_floor_under_nothing_known_is_refused(floor: str) -> None:
    with pytest.raises(BadRequest, match="--fail-under"):
        parse_floor(floor)
