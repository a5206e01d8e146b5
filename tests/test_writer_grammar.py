"""The form of an answer: what JSON's notation lets through, and what a model can be made to say in llama.cpp's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_models import scripted_model

from assistant.engine import Message
from assistant.worker import LocalEngine
from assistant.writer.grammar import ABSENT, STATEMENT_LENGTH, answer_form, question_form

ASKED = [Message("user", "?")]
GOOD = [
    "Deux obus. [3]",
    "Deux obus [3].",
    "Deux obus [3] [12][1]",
    "Un a [1] Deux b. [2]",
    "Le 3.5 de M. Okoro aux U.S. Marines. [1]",
    ABSENT["fr"],
]
BAD = [
    "Deux obus.",
    "Deux obus. [13]",
    "Deux obus. [0]",
    "Deux obus. [03]",
    "Deux obus. [1][2][3][4]",
    "Une phrase. Deux phrases. [1]",
    "<|end|> [1]",
    "[1]",
    "Deux ] obus [1]",
    f"{ABSENT['fr']} [1",
    ABSENT["en"],
    "a" * (STATEMENT_LENGTH + 1) + " [1]",
]


def pattern(form: object) -> str:
    return form.schema["properties"]["text"]["pattern"]  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("text", GOOD)
def test_the_schema_lets_through(text: str) -> None:
    assert re.search(pattern(answer_form(12, "fr")), text)


@pytest.mark.parametrize("text", [*BAD, 'Un "mot". [1]', "Un\\n. [1]", "Un.\n[1]"])
def test_the_schema_forbids(text: str) -> None:
    assert not re.search(pattern(answer_form(12, "fr")), text)


def written(text: str, folder: Path, sentences: int = 12, limit: int = 400) -> str:
    engine = LocalEngine(scripted_model(folder / "model.gguf", text))
    try:
        return "".join(engine.generate(ASKED, answer_form(sentences, "fr"), limit))
    finally:
        engine.close()


@pytest.mark.parametrize("text", [*GOOD, 'Il dit « non » et "oui". [2]\nPuis rien. [3]'])
def test_the_grammar_lets_through(text: str, tmp_path: Path) -> None:
    assert written(text, tmp_path) == text


@pytest.mark.parametrize("text", BAD)
def test_the_grammar_forbids(text: str, tmp_path: Path) -> None:
    said = written(text, tmp_path)
    assert said != text
    assert all(1 <= int(number) <= 12 for number in re.findall(r"\[(\d+)\]", said))


def test_ids_end_at_the_number_of_sentences(tmp_path: Path) -> None:
    for shown in (1, 9, 10, 60):
        assert written(f"Un mot. [{shown}]", tmp_path, shown) == f"Un mot. [{shown}]"
        assert written(f"Un mot. [{shown + 1}]", tmp_path, shown) != f"Un mot. [{shown + 1}]"
        (tmp_path / "model.gguf").unlink()


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[LocalEngine]:
    engine = LocalEngine(scripted_model(tmp_path / "model.gguf", "Combien de frappes ?\nOui. [1]"))
    yield engine
    engine.close()


def test_a_question_ends_at_its_question_mark(asking: LocalEngine) -> None:
    text = "".join(asking.generate(ASKED, question_form(), 400))
    assert text == "Combien de frappes ?"
    assert re.search(pattern(question_form()), text)


@pytest.mark.parametrize("text", ["Combien", "combien de ?", "Un. Deux ?", "Un ? Deux ?", "Un\ndeux ?", "Rôle : qui ?"])
def test_what_is_no_question(text: str) -> None:
    assert not re.search(pattern(question_form()), text)
