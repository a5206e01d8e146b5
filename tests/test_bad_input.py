"""design.md's list of bad input, each through the real command: one clear message, exit code 2 or 3, no traceback."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import assistant, command, environment, refused
from conftest import SORTIES

from assistant import Library

pytestmark = pytest.mark.usefixtures("article_library")


@contextlib.contextmanager
def unchanged(library: Path) -> Iterator[None]:
    """The library in a folder is byte for byte as it was."""
    before = state(library)
    yield
    assert state(library) == before


def state(library: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in library.iterdir()}


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "white space": (b" \n\t\r\n", "empty"),
    "NUL": (b"Un texte\0 ici.", "NUL"),
    "bytes": (bytes(range(128, 256)) * 9 + b"\0\xff", "no text"),
    "huge": (b"", "MiB"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_not_text(article_copy: Path, tmp_path: Path, kind: str) -> None:
    content, why = BAD_FILES[kind]
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    if kind == "huge":
        os.truncate(path, 1 << 30)
    with unchanged(article_copy):
        refused(assistant("index", "--library", article_copy, path), 3, str(path), why, "assistant index")


def test_paths_without_documents(article_copy: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with unchanged(article_copy):
        for path in (tmp_path / "empty", tmp_path / "vanished.txt", Path("~nosuchuser/a.txt")):
            refused(assistant("index", "--library", article_copy, path), 2, str(path), "assistant index PATH")


def test_an_unreadable_file_in_a_folder_does_not_stop_the_others(article_copy: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "bad.txt").write_bytes(b"\0")
    (texts / "article.md").write_bytes(Path(__file__).parents[1].joinpath("seeds", "article.txt").read_bytes())
    done = assistant("index", "--library", article_copy, texts)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"assistant: left out: cannot read {texts / 'bad.txt'}" in done.stderr
    assert "1 added, 0 changed, 0 removed, 0 unchanged (1 with a text that was there already)" in done.stderr


def test_questions_that_cannot_be_asked() -> None:
    refused(assistant("ask", ""), 2, "empty", "assistant ask")
    refused(assistant("ask", stdin=" \n"), 2, "empty", "assistant ask")
    refused(assistant("ask", "é" * 2001), 2, "2,001", "assistant index")
    refused(assistant("ask", "x" * 100_000), 2, "100,000", "assistant index")
    refused(assistant("ask", stdin="é" * 100_000), 2, "100,000", "assistant index")
    refused(assistant("ask", stdin=b"caf\xe9 ?"), 2, "UTF-8", "assistant ask")
    refused(assistant("ask", os.fsdecode(b"caf\xe9 ?")), 2, "UTF-8", "assistant ask")


def test_searches_that_cannot_be_made() -> None:
    refused(assistant("search", " \t"), 2, "empty", "assistant ")
    refused(assistant("search", stdin="é" * 2001), 2, "2,001", "assistant index")


def test_an_empty_question_makes_no_library(tmp_path: Path) -> None:
    refused(assistant("ask", " ", ASSISTANT_HOME=tmp_path), 2, "empty")
    assert list(tmp_path.iterdir()) == []


def test_no_question_and_no_stdin() -> None:
    shell = ["sh", "-c", '"$0" "$@" <&-', *command("ask")]
    done = subprocess.run(shell, capture_output=True, text=True, env=environment(), check=False)
    refused(done, 2, "no question", "assistant ask")


@pytest.mark.parametrize("place", ["b.txt:1", "article.txt:0", "article.txt:999", "article.txt:²", ":", "a\udce9"])
def test_nothing_to_show(place: str) -> None:
    refused(assistant("show", place), 3, "assistant show")


@pytest.mark.parametrize("number", ["9" * 20, "9" * 5000])
def test_a_sentence_number_beyond_all_bounds(number: str) -> None:
    refused(assistant("show", f"article.txt:{number}"), 3, "assistant show")


def test_no_library_where_one_is_named(tmp_path: Path) -> None:
    for arguments in (["ask", "Qui ?"], ["search", "x"], ["show", "article.txt"]):
        done = assistant(*arguments, "--library", tmp_path / "none")
        refused(done, 3, "no library", f"assistant index --library {tmp_path / 'none'}")
        refused(assistant(*arguments, ASSISTANT_LIBRARY=tmp_path / "none"), 3, "no library")
    assert not (tmp_path / "none").exists()


def test_index_without_paths_and_without_a_library(tmp_path: Path) -> None:
    refused(assistant("index", "--library", tmp_path / "none"), 2, "no library", "assistant index PATH")
    refused(assistant("ask", "--library", tmp_path / "none", "Qui ?"), 3, "no library")


def test_a_file_where_the_library_should_be(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    refused(assistant("index", "--library", file, file), 2, "--library")
    refused(assistant("index", file, ASSISTANT_LIBRARY=file), 3, str(file), "assistant index --library")


def execute(library: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(library / "library.db")) as database:
        database.execute(statement)
        database.commit()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda library: (library / "library.db").write_bytes(b"foreign" * 999), ["damaged", "library.db"]),
        (lambda library: os.truncate(library / "library.db", 30_000), ["damaged"]),
        (lambda library: execute(library, "PRAGMA application_id = 1"), ["not a library"]),
        (lambda library: execute(library, "PRAGMA user_version = 9"), ["newer version", "pip install --upgrade"]),
        (lambda library: execute(library, "UPDATE meta SET value = '' WHERE key = 'recipe'"), ["another version"]),
        (lambda library: os.truncate(library / "vectors-1.faiss", 999), ["damaged", "vectors-1.faiss"]),
        (lambda library: (library / "vectors-1.faiss").unlink(), ["missing", "vectors-1.faiss"]),
    ],
)
def test_a_library_that_cannot_be_used(article_copy: Path, damage: Callable[[Path], object], words: list[str]) -> None:
    damage(article_copy)
    before = state(article_copy)
    refused(assistant("ask", "--library", article_copy, SORTIES), 3, str(article_copy), *words)
    assert state(article_copy) == before


def test_two_writers(article_copy: Path, tmp_path: Path) -> None:
    text = tmp_path / "new.txt"
    text.write_text("Un texte.")
    hold = "import sys, filelock\nwith filelock.FileLock(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(article_copy / "writing.lock")], stdin=-1, stdout=-1, text=True
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "held\n"
        refused(assistant("index", "--library", article_copy, text), 3, str(article_copy), "another process")
        assert assistant("ask", "--library", article_copy, SORTIES).returncode == 0
        writer.communicate("")
    assert assistant("index", "--library", article_copy).returncode == 0


def test_a_damaged_or_foreign_model(bert_library: Path, home: Path, tmp_path: Path) -> None:
    with Library.open(bert_library) as library:
        gguf = home / "models" / f"embedder-{library.embedder.fingerprint}.gguf"
    damaged = tmp_path / "home" / "models" / gguf.name
    damaged.parent.mkdir(parents=True)
    for content in (gguf.read_bytes()[:5_000_000], b"", b"PK\x03\x04" * 99):
        damaged.write_bytes(content)
        done = assistant("ask", "--library", bert_library, SORTIES, ASSISTANT_HOME=tmp_path / "home")
        refused(done, 3, str(damaged), "assistant index")
    damaged.unlink()
    assert assistant("ask", "--library", bert_library, SORTIES, ASSISTANT_HOME=tmp_path / "home").returncode == 0
    assert damaged.read_bytes() == gguf.read_bytes()


def test_a_place_for_models_that_cannot_be_written(bert_library: Path, tmp_path: Path) -> None:
    """The model is then made for this one question, somewhere else."""
    (tmp_path / "models").touch()
    (tmp_path / "temporary").mkdir()
    somewhere = {"ASSISTANT_HOME": tmp_path, "TMPDIR": tmp_path / "temporary"}
    assert assistant("ask", "--library", bert_library, SORTIES, **somewhere).returncode == 0
    assert not list((tmp_path / "temporary").iterdir())


def test_no_room_for_a_model_anywhere(bert_library: Path, tmp_path: Path) -> None:
    (tmp_path / "models").touch()
    small = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000,) * 2)"
    code = f"{small}; import sys; from assistant.cli import run; sys.exit(run(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "ask", "--library", str(bert_library), SORTIES],
        env=environment(ASSISTANT_HOME=tmp_path, TMPDIR=tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    refused(done, 3, "cannot write", "TMPDIR")


def test_embedders_that_are_none(bert_library: Path, tmp_path: Path) -> None:
    with unchanged(bert_library):
        for name, words in ((str(tmp_path), "modules.json"), ("no-such/embedder", "hf download no-such/embedder")):
            refused(assistant("index", "--library", bert_library, "--embedder", name), 3, name, words)
