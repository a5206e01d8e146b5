"""Questions tied to a library: which of its sentences are gold, and what does not fit."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fakes import BagOfWords

from assistant.documents import Document
from assistant.evaluation.gold import Case, find_gold
from assistant.evaluation.questions import GoldSpan, GoldText, Question
from assistant.index import Library
from assistant.indexing import build

PORT = "Il pleut à Brest. Le port compte 3 quais. Une grue rouille. Il pleut à Lorient."
TWIN = "Le port de Vannes est petit. Le port de Vannes est petit. Il y pleut."


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    documents = {"port.txt": PORT, "twin-b.txt": TWIN, "twin-a.txt": TWIN}
    build(folder, [Document.from_text(*item) for item in documents.items()], BagOfWords())
    with Library.open(folder, BagOfWords()) as opened:
        yield opened


def asked(*sentences: GoldSpan | GoldText, answers: Sequence[str] = ("3",), context: str | None = None) -> Question:
    return Question("q", "Combien de quais ?", tuple(answers), sentences, context=context)


def case(library: Library, question: Question) -> Case:
    (found,), problems = find_gold([question], library)
    assert not problems
    return found


def problem(library: Library, question: Question) -> str:
    cases, (found,) = find_gold([question], library)
    assert not cases
    return str(found)


def test_a_span_means_the_sentences_that_it_touches(library: Library) -> None:
    exact = case(library, asked(GoldSpan("port.txt", 18, 41)))
    loose = case(library, asked(GoldSpan("port.txt", 30, 32)))
    assert exact.gold == loose.gold
    assert [sentence.text for sentence in exact.gold] == ["Le port compte 3 quais."]
    both = case(library, asked(GoldSpan("port.txt", 40, 43)))
    assert [sentence.number for sentence in both.gold] == [2, 3]


def test_a_text_means_every_sentence_where_it_stands(library: Library) -> None:
    gold = case(library, asked(GoldText("twin-a.txt", "Le port de Vannes est petit."), answers=["petit"])).gold
    assert [sentence.number for sentence in gold] == [1, 2]


def test_the_paragraph_is_every_passage_with_a_gold_sentence(library: Library) -> None:
    found = case(library, asked(GoldSpan("port.txt", 18, 41)))
    assert [passage.focus for passage in library.passages(found.paragraph)] == [1, 2, 3, 4]


def test_the_paragraph_of_a_context_is_all_of_it_gold_or_not(library: Library) -> None:
    found = case(library, asked(answers=[], context="port.txt"))
    assert not found.gold
    assert [passage.focus for passage in library.passages(found.paragraph)] == [1, 2, 3, 4]


def test_a_text_under_several_names_is_known_by_the_one_that_citations_use(library: Library) -> None:
    by_either_name = [case(library, asked(GoldSpan(f"twin-{x}.txt", 0, 9), answers=["petit"])).gold for x in "ab"]
    assert by_either_name[0] == by_either_name[1]
    assert by_either_name[0]


def test_what_does_not_fit_the_library_is_a_problem_that_names_the_question(library: Library) -> None:
    unknown = problem(library, asked(GoldSpan("nowhere.txt", 0, 3)))
    assert unknown == "question q: the library holds no document nowhere.txt"
    beyond = problem(library, asked(GoldSpan("port.txt", 60, 900)))
    assert beyond == f"question q: port.txt, of {len(PORT)} characters, holds no sentence 60…900"
    absent = problem(library, asked(GoldText("port.txt", "Le port compte 4 quais.")))
    assert "holds no sentence 'Le port compte 4 quais.'" in absent
    elsewhere = problem(library, asked(GoldSpan("port.txt", 0, 17)))
    assert elsewhere == "question q: none of its answers stands in its gold sentences"


def test_an_answer_may_be_written_with_other_accents_and_capitals(library: Library) -> None:
    assert case(library, asked(GoldSpan("port.txt", 0, 17), answers=["A BREST"])).gold
