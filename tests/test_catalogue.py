"""`assistant models` without a network: what the catalogue says, what is here, and how it goes away."""

import json
import re
from pathlib import Path

import pytest
from commands import assistant, refused
from test_imports import ENGINES, INTERFACE, TRAINING, imported

from assistant import catalogue
from assistant.catalogue import ModelFile
from assistant.errors import BadRequest

NAMES = [card.name for card in catalogue.cards()]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data directory of its own; where pulled models are."""
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    return tmp_path / "chat-models"


def put(source: ModelFile, content: bytes = b"GGUF") -> Path:
    """As if a model had been pulled."""
    source.path.parent.mkdir(parents=True, exist_ok=True)
    source.path.write_bytes(content)
    return source.path


@pytest.mark.parametrize("card", catalogue.cards(), ids=NAMES)
def test_every_entry_is_complete_and_plausible(card: catalogue.ModelCard) -> None:
    assert re.fullmatch(r"[a-z0-9.-]+", card.name)
    assert catalogue.find(str(card.source)) == card.source
    assert 10**8 < card.size < card.memory < 10**10
    assert card.context >= 4096
    assert {"fr", "en"} <= set(card.languages)
    assert len(set(card.languages)) == len(card.languages)
    assert card.licence == "Apache-2.0"


def test_there_is_a_handful_of_them_the_smallest_first() -> None:
    assert 5 <= len(NAMES) == len(set(NAMES))
    assert [card.size for card in catalogue.cards()] == sorted(card.size for card in catalogue.cards())


def test_the_list_is_a_table(elsewhere: Path) -> None:
    put(catalogue.find("qwen3-4b"))
    done = assistant("models", "list")
    assert (done.returncode, done.stderr) == (0, "")
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["NAME", "SIZE", "MEMORY", "INSTALLED", "LICENCE", "LANGUAGES"]
    assert [row.split()[0] for row in rows] == NAMES
    assert {row.split()[0]: row.split()[5] for row in rows} == {n: "yes" if n == "qwen3-4b" else "no" for n in NAMES}
    assert "676 MB" in rows[0]
    assert assistant("models").stdout == done.stdout


def test_the_list_for_programs(elsewhere: Path) -> None:
    path = put(catalogue.find("qwen2.5-0.5b"))
    other = put(ModelFile("some-one/model", "q4/a.gguf"), b"GGUF and more")
    entries = {entry["name"]: entry for entry in json.loads(assistant("models", "list", "--json").stdout)}
    assert list(entries) == [*NAMES, "some-one/model:q4/a.gguf"]
    assert entries["qwen2.5-0.5b"] == {
        "name": "qwen2.5-0.5b",
        "repository": "Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        "file": "qwen2.5-0.5b-instruct-q8_0.gguf",
        "path": str(path),
        "size": 675_710_816,
        "memory": 1_100_000_000,
        "context": 32_768,
        "licence": "Apache-2.0",
        "languages": ["fr", "en", "zh", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar"],
    }
    assert entries["qwen3-4b"]["path"] is None
    assert entries["some-one/model:q4/a.gguf"]["path"] == str(other)
    assert entries["some-one/model:q4/a.gguf"]["size"] == 13
    assert "some-one/model:q4/a.gguf" in assistant("models").stdout


def test_where_a_model_is(elsewhere: Path) -> None:
    path = put(catalogue.find("qwen3-4b"))
    done = assistant("models", "path", "QWEN3-4B")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    assert path.is_relative_to(elsewhere)


def test_a_model_that_is_not_here(elsewhere: Path) -> None:
    refused(assistant("models", "path", "qwen3-4b"), 3, "not on this machine", "assistant models pull qwen3-4b")
    refused(assistant("models", "remove", "qwen3-4b"), 3, "not on this machine", "assistant models list")
    assert not elsewhere.exists()


def test_removing_a_model_leaves_the_others_and_no_empty_folder(elsewhere: Path) -> None:
    path, kept = put(catalogue.find("granite-4.0-1b"), bytes(3_000_000)), put(catalogue.find("qwen3-4b"))
    done = assistant("models", "remove", "granite-4.0-1b")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "assistant: removed granite-4.0-1b: 3 MB.\n"
    assert kept.is_file()
    assert not path.parent.parent.exists()


@pytest.mark.parametrize(
    ("name", "hint"),
    [("qwen3-5b", "Did you mean qwen3-4b?"), ("gpt-9", "models list"), ("a.gguf", "models list"), ("", "models list")],
)
@pytest.mark.parametrize("command", ["pull", "path", "remove"])
def test_a_name_that_nobody_knows(command: str, name: str, hint: str) -> None:
    refused(assistant("models", command, name), 2, f"no model is called {name}", hint)


@pytest.mark.parametrize(
    "address",
    [
        "a/b:../../c.gguf",
        "a/b:/c.gguf",
        "a/b:.gguf",
        "../b:c.gguf",
        "a/..:c.gguf",
        "a:c.gguf",
        "a/b/c:d.gguf",
        "a/b:c.bin",
        "a/b:c.gguf\n",
        "a/b:d//c.gguf",
        "a/b:c?x=.gguf",
    ],
)
def test_an_address_cannot_lead_out_of_the_folder(address: str) -> None:
    with pytest.raises(BadRequest, match="no model is called"):
        catalogue.find(address)


def test_the_shell_completes_names() -> None:
    done = assistant(_ASSISTANT_COMPLETE="bash_complete", COMP_WORDS="assistant models pull qw", COMP_CWORD="3")
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == ["qwen2.5-0.5b", "qwen2.5-1.5b", "qwen3-4b"]


@pytest.mark.parametrize("arguments", [["models"], ["models", "list", "--json"], ["models", "pull", "--help"]])
def test_looking_at_models_needs_nothing_heavy(arguments: list[str]) -> None:
    packages = imported("-m", "assistant", *arguments)
    assert "assistant" in packages
    assert not packages & (TRAINING | INTERFACE | ENGINES | {"huggingface_hub", "httpx2", "openai", "rich"})
