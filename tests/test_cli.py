"""The command line as people and scripts see it: what goes to stdout and stderr, JSON, exit codes, stdin, colours."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from commands import assistant, command, environment, start
from conftest import SORTIES
from fakes import BagOfWords

from assistant import update

ANSWER = "64"
SENTENCE = "En 11 jours, 64 sorties et 55 frappes ont été effectuées."
ABSENT = "Quelle est la recette de la tarte aux pommes ?"
SUBCOMMANDS = ["ask", "index", "search", "show"]

pytestmark = pytest.mark.usefixtures("article_library")


def test_a_first_question_makes_the_library_and_says_so_on_stderr(first_run: subprocess.CompletedProcess[str]) -> None:
    assert first_run.returncode == 0
    assert first_run.stdout.startswith(f"{ANSWER}\n")
    assert first_run.stderr == "assistant: no library yet; making one of the shipped article (once).\n"


def test_an_answer_comes_with_its_citation_and_how_to_see_it_in_context() -> None:
    done = assistant("ask", SORTIES)
    assert (done.returncode, done.stderr) == (0, "")
    place = re.search(r"article\.txt:\d+", done.stdout)
    assert place
    assert re.search(rf"^  Confidence \d+%\. In context: assistant show {place[0]}$", done.stdout, re.MULTILINE)
    assert done.stdout.startswith(f"{ANSWER}\n")
    shown = assistant("show", place[0])
    assert SENTENCE in next(line for line in shown.stdout.splitlines() if line.startswith(">"))


def test_what_the_documents_do_not_say() -> None:
    done = assistant("ask", ABSENT)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("The documents do not say.\n")
    assert "The nearest sentences:" in done.stdout


TYPES: dict[str, Any] = {
    "question": str,
    "answered": bool,
    "answer": str,
    "confidence": float,
    "model": str,
    "citations": list,
    "timings_ms": dict,
}
CITATION = {"document": str, "sentence_number": int, "start": int, "end": int, "sentence": str, "quote": dict}


def check_citation(citation: dict[str, Any]) -> None:
    assert {key: type(value) for key, value in citation.items()} == CITATION
    assert citation["end"] - citation["start"] == len(citation["sentence"])
    assert list(citation["quote"]) == ["start", "end"]
    assert citation["start"] <= citation["quote"]["start"] < citation["quote"]["end"] <= citation["end"]


def test_json_of_an_answer() -> None:
    done = assistant("ask", "--json", SORTIES)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    given = json.loads(done.stdout)
    assert {key: type(value) for key, value in given.items()} == TYPES
    assert (given["question"], given["answered"], given["answer"]) == (SORTIES, True, ANSWER)
    assert 0 <= given["confidence"] <= 1
    assert list(given["timings_ms"]) == ["load", "retrieve", "answer"]
    assert len(given["citations"]) == 1
    check_citation(given["citations"][0])


def test_json_of_an_abstention() -> None:
    done = assistant("ask", "--json", ABSENT)
    assert done.returncode == 1
    given = json.loads(done.stdout)
    assert {key: type(value) for key, value in given.items()} == {**TYPES, "answer": type(None), "nearest": list}
    assert (given["answered"], given["citations"]) == (False, [])
    for citation in given["nearest"]:
        check_citation(citation)


def test_a_question_may_be_several_words() -> None:
    assert assistant("ask", *SORTIES.split()).stdout.startswith(f"{ANSWER}\n")


@pytest.mark.parametrize("arguments", [["ask"], ["ask", "-"]])
def test_a_question_may_come_on_stdin(arguments: list[str]) -> None:
    done = assistant(*arguments, stdin=SORTIES + "\n")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{ANSWER}\n")


def test_search_shows_passages_with_both_scores() -> None:
    done = assistant("search", "frappes et sorties", "-k", "3")
    assert (done.returncode, done.stderr) == (0, "")
    heads = re.findall(r"^ +(\d)  article\.txt:\d+   score .+ dense .+ lexical .+$", done.stdout, re.MULTILINE)
    assert heads == ["1", "2", "3"]


def test_json_of_search() -> None:
    done = assistant("search", "--json", "-k", "2", "frappes et sorties")
    assert (done.returncode, done.stderr) == (0, "")
    hits = json.loads(done.stdout)
    assert len(hits) == 2
    sentence = {"document": str, "sentence_number": int, "start": int, "end": int, "sentence": str}
    scores = {"dense": float, "lexical": float, "score": float}
    for hit in hits:
        assert {key: type(value) for key, value in hit.items()} == {**sentence, "passage": dict, **scores}
        assert hit["passage"]["start"] <= hit["start"] < hit["end"] <= hit["passage"]["end"]


def numbers(done: subprocess.CompletedProcess[str]) -> list[int]:
    """The numbers of the sentences shown."""
    return [int(number) for number in re.findall(r"^[> ] +(\d+)  ", done.stdout, re.MULTILINE)]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["article.txt:14"], [12, 13, 14, 15, 16]),
        (["article.txt:1"], [1, 2, 3]),
        (["article.txt:14", "--around", "0"], [14]),
        (["article.txt:14", "--around", "1"], [13, 14, 15]),
    ],
)
def test_show_a_sentence_among_its_neighbours(arguments: list[str], shown: list[int]) -> None:
    done = assistant("show", *arguments)
    assert (done.returncode, done.stderr, numbers(done)) == (0, "", shown)
    marked = arguments[0].split(":")[1]
    assert re.findall(r"^> +(\d+)", done.stdout, re.MULTILINE) == [marked]


def test_show_a_whole_document() -> None:
    done = assistant("show", "article.txt", "--around", "9" * 30)
    assert numbers(done) == list(range(1, len(numbers(done)) + 1))
    assert len(numbers(done)) > 15


def test_an_update_of_unchanged_files_needs_no_model() -> None:
    done = assistant("index")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("0 added, 0 changed, 0 removed, 1 unchanged: ")


def test_version() -> None:
    done = assistant("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[-1] == version("assistant")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], *([name, "--help"] for name in SUBCOMMANDS)])
def test_help(arguments: list[str]) -> None:
    done = assistant(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: assistant")
    if len(arguments) == 1:
        assert all(re.search(rf"^  {name} ", done.stdout, re.MULTILINE) for name in SUBCOMMANDS)


@pytest.mark.parametrize("arguments", [["frobnicate"], ["ask", "--frobnicate"], ["search", "-k", "0", "x"], ["show"]])
def test_wrong_usage(arguments: list[str]) -> None:
    done = assistant(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: assistant")


def test_completion_for_the_shell() -> None:
    assert "_ASSISTANT_COMPLETE" in assistant(_ASSISTANT_COMPLETE="bash_source").stdout


def on_a_terminal(*arguments: str, **changes: str) -> str:
    """What the command writes to a terminal."""
    terminal, its_side = pty.openpty()
    process = subprocess.Popen(
        command(*arguments), stdin=its_side, stdout=its_side, stderr=its_side, env=environment(TERM="xterm", **changes)
    )
    os.close(its_side)
    written = b""
    try:
        while part := os.read(terminal, 4096):
            written += part
    except OSError:  # Linux's way to say that the other side closed
        pass
    os.close(terminal)
    assert process.wait() == 0
    return written.decode()


def test_colours_on_a_terminal_only_and_not_with_no_color() -> None:
    assert "\x1b[" in on_a_terminal("ask", SORTIES)
    assert "\x1b[" not in on_a_terminal("ask", SORTIES, NO_COLOR="1")
    assert "\x1b[" not in assistant("ask", SORTIES).stdout


def test_interrupted_while_it_makes_the_library(tmp_path: Path) -> None:
    with start("ask", SORTIES, ASSISTANT_HOME=tmp_path) as process:
        assert process.stderr
        assert "no library yet" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "assistant: interrupted."
    refused = assistant("ask", "--library", tmp_path / "library", SORTIES)
    assert refused.returncode == 3
    assert "no library in" in refused.stderr


LOADED_AND_INTERRUPTED = """
import os, signal, sys

class Press:
    def find_spec(self, name, path=None, target=None):
        if name == "assistant.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Press())
from assistant.__main__ import main
main()
"""


def test_interrupted_while_it_loads() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOADED_AND_INTERRUPTED], capture_output=True, env=environment(), check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGINT, b"", b"")


@pytest.mark.parametrize("milliseconds", [0, 10, 20, 40, 80])
def test_interrupted_when_the_answer_stands_there(milliseconds: int) -> None:
    with start("ask", SORTIES, PYTHONUNBUFFERED="1") as process:
        assert process.stdout
        assert process.stdout.readline() == "64\n"
        time.sleep(milliseconds / 1000)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert err.strip() in ("", "assistant: interrupted.")


def test_a_closed_pipe_is_no_error() -> None:
    with start("show", "article.txt") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_full_device_is_reported() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            command("show", "article.txt"), stdout=full, stderr=-1, env=environment(), text=True, check=False
        )
    assert done.returncode == 3
    assert done.stderr.startswith("assistant: [Errno 28] No space left on device")
    assert "Traceback" not in done.stderr


def test_a_document_cannot_command_the_terminal(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "piège.txt").write_text("Le \x1b[2Jmot \x9b31mde passe\x07 est Sésame.", encoding="utf-8")
    update(folder, [tmp_path / "piège.txt"], BagOfWords())
    done = assistant("show", "--library", folder, "piège.txt")
    assert not {"\x1b", "\x9b", "\x07"} & set(done.stdout)
    assert "Sésame" in done.stdout
