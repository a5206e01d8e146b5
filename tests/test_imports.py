"""What a command must not import: seconds that people would wait for nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment
from conftest import SORTIES

TRAINING = {"torch", "transformers", "sentence_transformers"}
INTERFACE = {"textual"}
ENGINES = {"faiss", "llama_cpp", "numpy"}


def imported(*arguments: str | Path) -> set[str]:
    """The top-level packages that a fresh interpreter imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    return {name.partition(".")[0] for name in re.findall(r"^import time:[ \d|]+ ([\w.]+)$", done.stderr, re.MULTILINE)}


@pytest.mark.usefixtures("article_library")
@pytest.mark.parametrize("arguments", [["ask", SORTIES], ["search", "frappes"], ["show", "article.txt:1"], ["index"]])
def test_a_command_needs_no_training_library(arguments: list[str]) -> None:
    packages = imported("-m", "assistant", *arguments)
    assert "assistant" in packages
    assert not packages & (TRAINING | INTERFACE)


@pytest.mark.usefixtures("article_library")
@pytest.mark.parametrize("arguments", [["ask", SORTIES], ["search", "frappes"]])
def test_a_question_does_not_wait_for_what_tells_the_languages_of_texts(arguments: list[str]) -> None:
    assert "py3langid" not in imported("-m", "assistant", *arguments)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ask", "--help"]])
def test_help_needs_no_engine_either(arguments: list[str]) -> None:
    packages = imported("-m", "assistant", *arguments)
    assert "assistant" in packages
    assert not packages & (TRAINING | INTERFACE | ENGINES)


def test_the_package_alone_imports_nothing() -> None:
    packages = imported("-c", "import assistant")
    assert "assistant" in packages
    assert not packages & (TRAINING | INTERFACE | ENGINES | {"click", "rich", "tokenizers", "gguf", "sqlite3"})


def test_public_names_are_there_and_sorted() -> None:
    import assistant

    assert assistant.__all__ == sorted(assistant.__all__)
    for name in assistant.__all__:
        assert getattr(assistant, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = assistant.nothing
