"""`assistant ask --model` as it is typed: written answers, streaming, Ctrl-C, servers, models that cannot be used."""

import contextlib
import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import PATIENCE, assistant, command, environment, refused
from conftest import SORTIES
from tiny_models import foreign_model, random_model, scripted_model, truncated_model

from assistant import Library

TEXT = "Le port de Brest compte trois quais. Une vieille grue y rouille. Le maire se nomme Yann Le Goff."
QUAYS = "Combien de quais compte le port de Brest ?"
RIGHT = "Le port de Brest compte trois quais. [1]"
WRONG = "Le port de Brest compte quatre quais. [1]"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library of three sentences and some models."""
    folder = tmp_path_factory.mktemp("port")
    (folder / "port.txt").write_text(TEXT, "utf-8")
    done = assistant("index", folder / "port.txt", "--library", folder / "library")
    assert done.returncode == 0, done.stderr
    scripted_model(folder / "right.gguf", RIGHT)
    scripted_model(folder / "both.gguf", f"Une vieille grue y rouille. [2]\n{WRONG}")
    scripted_model(folder / "wrong.gguf", WRONG)
    scripted_model(folder / "absent.gguf", "Les phrases ne le disent pas.")
    random_model(folder, 3).rename(folder / "random.gguf")
    return folder


def ask(place: Path, model: str, *options: str, question: str = QUAYS) -> subprocess.CompletedProcess[str]:
    return assistant("ask", "--library", place / "library", "--model", place / f"{model}.gguf", *options, question)


def test_a_written_answer_names_the_numbers_of_its_citations(place: Path) -> None:
    done = ask(place, "right")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Le port de Brest compte trois quais. [1]\n\n"
        "  [1] port.txt:1\n    Le port de Brest compte trois quais.\n"
        "  In context: assistant show port.txt:1\n"
    )


def test_an_unsupported_statement_is_shown_with_its_reason(place: Path) -> None:
    done = ask(place, "both")
    assert done.returncode == 0
    assert done.stdout.startswith("Une vieille grue y rouille. [1]\n\nLe port de Brest compte quatre quais.\n")
    assert "  unsupported: the cited sentence does not give the number quatre (port.txt:1)\n" in done.stdout
    assert "[1] port.txt:2" in done.stdout


def test_an_answer_that_does_not_hold_is_replaced_by_the_readers(place: Path) -> None:
    done = ask(place, "wrong")
    without = assistant("ask", "--library", place / "library", QUAYS)
    assert done.returncode == without.returncode
    assert done.stdout.startswith(without.stdout)
    assert "wrong wrote nothing that its citations support, so the built-in reader replied instead." in done.stdout
    assert "Le port de Brest compte quatre quais.\n  unsupported:" in done.stdout


def test_a_model_may_say_that_the_documents_do_not_say(place: Path) -> None:
    done = ask(place, "absent", question="Combien coûte le port de Brest ?")
    assert done.returncode == 1
    assert done.stdout.startswith("The documents do not say.\n\nThe nearest sentences:\n  port.txt:1\n")


def test_where_the_reader_is_sure_it_replies_to_a_model_that_finds_no_answer(place: Path) -> None:
    done = ask(place, "absent")
    assert done.returncode == 0
    assert "  port.txt:1\n    Le port de Brest compte trois quais.\n" in done.stdout
    assert done.stdout.endswith("\nabsent found no answer; the built-in reader did.\n")


def test_json_says_what_was_written(place: Path) -> None:
    done = ask(place, "both", "--json")
    given = json.loads(done.stdout)
    assert (given["answer"], given["model"]) == ("Une vieille grue y rouille.", "both")
    assert [(said["supported"], said["text"]) for said in given["writing"]["statements"]] == [
        (True, "Une vieille grue y rouille."),
        (False, "Le port de Brest compte quatre quais."),
    ]


def test_the_environment_may_name_the_model(place: Path) -> None:
    options = ("ask", "--library", place / "library", QUAYS)
    assert assistant(*options, ASSISTANT_MODEL=place / "right.gguf").stdout == ask(place, "right").stdout


def test_a_random_model_cites_nothing_false_on_the_shipped_article(article_library: Path, home: Path) -> None:
    done = assistant("ask", "--json", "--model", random_model(home / "models", 2), SORTIES)
    assert done.returncode in (0, 1), done.stderr
    given = json.loads(done.stdout)
    assert given["writing"]["model"].startswith("random-2")
    with Library.open(article_library) as library:
        text = library.text("article.txt")
    cited = [citation for said in given["writing"]["statements"] for citation in said["citations"]]
    for citation in (*cited, *given["citations"]):
        assert text[citation["start"] : citation["end"]] == citation["sentence"]


@contextlib.contextmanager
def terminal(*arguments: str | Path, exit_code: int = 0) -> Iterator[tuple[int, int]]:
    """The command on a terminal: what to read with os.read what it writes, and its process id."""
    mine, its = pty.openpty()
    process = subprocess.Popen(
        command(*arguments), stdin=its, stdout=its, stderr=its, env=environment(TERM="xterm", COLUMNS="90")
    )
    os.close(its)
    yield mine, process.pid
    os.close(mine)
    assert process.wait(PATIENCE) == exit_code


def everything(of: int) -> list[str]:
    parts: list[bytes] = []
    with contextlib.suppress(OSError):
        while part := os.read(of, 4096):
            parts.append(part)
    return b"".join(parts).decode().split("\x1b[1m")


def test_a_terminal_shows_the_draft_as_it_comes_and_then_the_checked_answer(place: Path) -> None:
    with terminal("ask", "--library", place / "library", "--model", place / "right.gguf", QUAYS) as (mine, _):
        draft, answer = everything(mine)
    # Dim, and wiped before the answer takes its place.
    assert "\x1b[2mLe " in draft
    assert draft.rindex("\x1b[2K") > draft.rindex("Le port")
    assert answer.startswith("Le port de Brest compte trois quais. [1]")


def test_no_stream_shows_the_checked_answer_only(place: Path) -> None:
    options = ("--library", place / "library", "--model", place / "right.gguf", "--no-stream")
    with terminal("ask", *options, QUAYS) as (mine, _):
        before, answer = everything(mine)
    assert before == ""
    assert answer.startswith("Le port de Brest compte trois quais. [1]")


def test_ctrl_c_ends_a_generation(place: Path) -> None:
    options = ("--library", place / "library", "--model", place / "random.gguf")
    with terminal("ask", *options, QUAYS, exit_code=130) as (mine, process):
        written = b""
        # The draft has begun.
        while b"\x1b[2m" not in written:
            written += os.read(mine, 4096)
        os.kill(process, signal.SIGINT)
        rest = "".join(everything(mine))
    assert "assistant: interrupted." in rest
    assert "In context" not in rest


@pytest.mark.parametrize(
    ("model", "exit_code", "word"),
    [("nowhere.gguf", 3, "nowhere.gguf"), ("no-such-name", 2, "no-such-name"), ("openai:x", 2, "--base-url")],
)
def test_a_model_that_is_not_there(place: Path, model: str, exit_code: int, word: str) -> None:
    refused(assistant("ask", "--library", place / "library", "--model", model, QUAYS), exit_code, word)


def test_a_model_that_cannot_be_used(place: Path, tmp_path: Path) -> None:
    for path in (foreign_model(tmp_path), truncated_model(tmp_path)):
        done = assistant("ask", "--library", place / "library", "--model", path, QUAYS)
        refused(done, 3, path.name)


def test_eval_reports_on_what_was_written(place: Path, tmp_path: Path) -> None:
    gold = {"document": "port.txt", "text": "Le port de Brest compte trois quais."}
    asked = {"id": "q", "question": QUAYS, "answers": ["trois"], "sentences": [gold]}
    (tmp_path / "questions.jsonl").write_text(json.dumps(asked), "utf-8")
    options = ("--library", place / "library", "--json", tmp_path / "out.json")
    done = assistant("eval", tmp_path / "questions.jsonl", *options, "--model", place / "both.gguf")
    assert done.returncode == 0, done.stderr
    assert "Reader both," in done.stdout
    assert "unsupported statements" in done.stdout
    figures = json.loads((tmp_path / "out.json").read_text("utf-8"))["figures"]["end_to_end"]
    shown = {name: figures[name]["value"] for name in ("unsupported", "fallback", "cut", "citation_precision")}
    assert shown == {"unsupported": 0.5, "fallback": 0.0, "cut": 0.0, "citation_precision": 0.0}
    plain = assistant("eval", tmp_path / "questions.jsonl", *options)
    assert "unsupported statements" not in plain.stdout
    assert (
        json.loads((tmp_path / "out.json").read_text("utf-8"))["figures"]["end_to_end"]["unsupported"]["value"] is None
    )
