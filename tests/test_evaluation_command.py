"""`assistant eval` as it is typed: the seed's questions, public sets, malformed files, Ctrl-C."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import PATIENCE, assistant, command, environment, refused

CONTEXT = "Il pleut à Brest. Le port compte 3 quais. Il pleut à Lorient."
SORTIES = {"id": "s", "question": "Combien de sorties en 11 jours ?", "answers": ["64"]}
ARTICLE = "article.txt"
SENTENCE = {"document": ARTICLE, "text": "En 11 jours, 64 sorties et 55 frappes ont été effectuées."}


def squad(*qas: Any) -> str:
    return json.dumps({"data": [{"title": "Port", "paragraphs": [{"context": CONTEXT, "qas": list(qas)}]}]})


def asked(name: str, text: str = "3 quais", start: int = 33) -> dict[str, Any]:
    return {"id": name, "question": "Que compte le port ?", "answers": [{"text": text, "answer_start": start}]}


def lines(*records: Any) -> str:
    return "\n".join(json.dumps(record) for record in records)


def file(folder: Path, content: str) -> Path:
    path = folder / "questions"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def seed_run(article_library: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run of 40 of the seed's questions: the folder with its reports, and what it printed."""
    folder = tmp_path_factory.mktemp("seed")
    outputs = ("--json", folder / "new.json", "--html", folder / "new.html")
    done = assistant("eval", "--limit", "40", *outputs, "--fail-under", "verbatim=1", "--fail-under", "r@20=0.9")
    assert done.returncode == 0, done.stderr
    assert f"assistant: wrote {folder / 'new.json'}" in done.stderr
    return folder, done.stdout


def test_without_a_file_the_seeds_questions_are_asked(seed_run: tuple[Path, str]) -> None:
    folder, shown = seed_run
    assert "40 questions over 1 document" in shown
    for title in ("Retrieval:", "Reading:", "End to end:"):
        assert title in shown
    assert (folder / "new.html").read_text(encoding="utf-8").count("<svg") == 3
    written = json.loads((folder / "new.json").read_text(encoding="utf-8"))
    assert written["setting"]["documents"] == 1
    assert written["figures"]["end_to_end"]["verbatim"]["value"] == 1
    assert len(written["questions"]) == 40


def test_the_seed_decides_the_sample_and_a_run_can_be_compared_with_its_like(
    seed_run: tuple[Path, str], tmp_path: Path
) -> None:
    old = seed_run[0] / "new.json"
    done = assistant("eval", "--limit", "40", "--json", tmp_path / "again.json", "--compare", old)
    assert done.returncode == 0, done.stderr
    assert f"Against {old}: 40 questions in common, 0 not" in done.stdout
    assert "0 questions whose answer became wrong" in done.stdout
    before, after = (json.loads(path.read_text()) for path in (old, tmp_path / "again.json"))
    assert [row["end_to_end"]["answer"] for row in before["questions"]] == [
        row["end_to_end"]["answer"] for row in after["questions"]
    ]
    assert after["comparison"]["differences"]["end_to_end"]["f1"]["interval"] == [0, 0]
    assert before["figures"]["retrieval"] == after["figures"]["retrieval"]


def test_eval_and_ask_give_the_same_reply(seed_run: tuple[Path, str]) -> None:
    rows = json.loads((seed_run[0] / "new.json").read_text(encoding="utf-8"))["questions"]
    row = next(row for row in rows if row["end_to_end"]["answer"] and not row["end_to_end"]["completed"])
    reply = json.loads(assistant("ask", "--json", row["question"]).stdout)
    assert reply["answer"] == row["end_to_end"]["answer"]
    assert reply["citations"] == row["end_to_end"]["citations"]
    assert reply["confidence"] == pytest.approx(row["end_to_end"]["confidence"], abs=1e-4)


def test_a_missed_floor_sets_the_exit_code(article_library: Path, tmp_path: Path) -> None:
    questions = file(tmp_path, lines(SORTIES | {"sentences": [SENTENCE]}))
    done = assistant("eval", questions, "--library", article_library, "--fail-under", "questions_per_second=100000")
    assert done.returncode == 1
    assert re.search(r"end_to_end.questions_per_second is [\d.]+, below 100000.0", done.stderr)
    assert "End to end:" in done.stdout


def test_a_squad_file_brings_its_documents(tmp_path: Path, article_library: Path) -> None:
    questions = file(tmp_path, squad(asked("a"), asked("b", "Il pleut", 42), asked("c", start=32)))
    done = assistant("eval", questions, "--json", tmp_path / "new.json")
    assert done.returncode == 0, done.stderr
    assert "3 questions over 1 document, 3 sentences" in done.stdout
    assert "assistant: put right: question c: answer_start 32 corrected to 33" in done.stderr
    written = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert written["figures"]["retrieval"]["r@5"]["value"] == 1
    (gold,) = written["questions"][0]["gold"]
    assert (gold["document"], gold["sentence"]) == ("Port-1", "Le port compte 3 quais.")
    refused(assistant("eval", questions, "--library", article_library), 2, "brings its own documents")


# --- malformed files


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (squad(asked("a"))[:150], ["1 record of", "line 1, column 151: the JSON is broken or cut off here"]),
        (lines(SORTIES)[:50], ["line 1: not JSON"]),
        ("", ["the file: it holds no question"]),
        (squad(), ["the file: it holds no question"]),
        (lines(SORTIES | {"answers": 64}, SORTIES | {"id": "t", "question": 3}), ["2 records", "line 1:", "line 2:"]),
        (squad(asked("a", start="33")), ["question a:", "must be a whole number"]),  # type: ignore[arg-type]
        (lines(SORTIES, SORTIES), ["line 2: the id 's' was used before"]),
        (squad(asked("a"), asked("a")), ["question a: the id 'a' was used before"]),
        (squad(asked("a", "4 quais")), ["question a: its answer '4 quais' does not stand at character 33"]),
        ('[{"id": "a"},\n{"id": "b"}]', ["neither SQuAD JSON", "nor one JSON object a line"]),
        (lines(SORTIES | {"question": "x" * 3000}), ["line 1: the question has 3,000 characters"]),
    ],
    ids=[
        "truncated SQuAD",
        "truncated line",
        "empty",
        "SQuAD without questions",
        "wrong types, JSON Lines",
        "wrong types, SQuAD",
        "duplicate ids, JSON Lines",
        "duplicate ids, SQuAD",
        "answer not in context",
        "other JSON",
        "question too long",
    ],
)
def test_a_malformed_file_is_refused_with_all_its_problems(tmp_path: Path, content: str, words: list[str]) -> None:
    done = assistant("eval", file(tmp_path, content))
    refused(done, 2, *words, "--skip-bad")


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (SENTENCE | {"text": "En 12 jours"}, f"{ARTICLE}, of 3,796 characters, holds no sentence 'En 12 jours'"),
        ({"document": ARTICLE, "start": 0, "end": 9000}, f"{ARTICLE}, of 3,796 characters, holds no sentence 0…9000"),
        ({"document": ARTICLE, "start": 0, "end": 99}, "none of its answers stands in its gold sentences"),
        (SENTENCE | {"document": "other.txt"}, "the library holds no document other.txt"),
    ],
    ids=["gold text not in the document", "gold span beyond it", "answer not in the gold sentence", "no such document"],
)
def test_gold_that_does_not_fit_the_library_is_refused(
    tmp_path: Path, article_library: Path, sentence: dict[str, Any], words: str
) -> None:
    questions = file(tmp_path, lines(SORTIES | {"sentences": [sentence]}))
    refused(assistant("eval", questions, "--library", article_library), 2, f"question s: {words}", "--skip-bad")


def test_skip_bad_goes_on_with_the_rest_and_says_without_what(tmp_path: Path, article_library: Path) -> None:
    good = SORTIES | {"sentences": [SENTENCE]}
    questions = file(tmp_path, lines(good, good, {"id": "t"}))
    done = assistant("eval", questions, "--library", article_library, "--skip-bad")
    assert done.returncode == 0, done.stderr
    assert "1 question over" in done.stdout
    assert done.stderr.splitlines() == [
        "assistant: left out: line 2: the id 's' was used before",
        'assistant: left out: line 3: "question" is missing',
    ]


def test_skip_bad_with_nothing_left_is_refused(tmp_path: Path, article_library: Path) -> None:
    questions = file(tmp_path, lines({"id": "t"}))
    done = assistant("eval", questions, "--library", article_library, "--skip-bad")
    refused(done, 2, "holds no question that can be used")


def test_wrong_usage_is_said_before_anything_is_run(tmp_path: Path) -> None:
    refused(assistant("eval", tmp_path / "nowhere.json"), 2, "nowhere.json", "No such file")
    refused(assistant("eval", tmp_path), 2, "directory")
    refused(assistant("eval", "--fail-under", "f3=1"), 2, "--fail-under f3", "end_to_end.f1")
    refused(assistant("eval", "--json", tmp_path / "no" / "new.json"), 2, "there is no folder")
    refused(assistant("eval", "--compare", file(tmp_path, "{}")), 2, "it is no report of assistant eval")
    refused(assistant("eval", "--library", tmp_path / "none", file(tmp_path, lines(SORTIES))), 3, "no library in")


# --- Ctrl-C and the progress bar


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_ctrl_c_prints_what_was_done(article_library: Path, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    # Many questions, so that the run is not over before it is interrupted.
    questions = file(tmp_path, lines(*(SORTIES | {"id": str(i), "sentences": [SENTENCE]} for i in range(5000))))
    arguments = ("eval", questions, "--library", article_library, "--json", tmp_path / "new.json")
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=theirs, env=environment(TERM="xterm"), text=True
    )
    os.close(theirs)
    seen = b""
    while not re.search(rb"[1-9]\d*/5000.*\d:\d\d", seen):
        seen += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=PATIENCE)
    os.close(ours)
    assert b"Answering questions" in seen
    assert process.returncode == 130
    assert re.search(r"[\d,]+ of 5,000 questions", shown)
    assert "End to end:" in shown
    assert json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))["interrupted"]
