"""Questions + library → Cases: each question tied to the sentences and passages of the library that it is judged by."""

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.errors import SourceUnknown
from assistant.evaluation.datasets import Problem
from assistant.evaluation.fields import MalformedError
from assistant.evaluation.normalisation import normalise_french_folded
from assistant.evaluation.questions import GoldSpan, GoldText, Question
from assistant.index import Library
from assistant.sources import SourcePassage, SourceSentence


@dataclass(frozen=True, slots=True)
class Case:
    """A question, the library's sentences that support its answer (any of them alone), and its gold paragraph.

    The paragraph, as the ids of its passages, is what the question was written on: its context's passages, or else
    those that hold a gold sentence; empty where neither is known.
    """

    question: Question
    gold: tuple[SourceSentence, ...]
    paragraph: tuple[int, ...]


def find_gold(questions: Iterable[Question], library: Library) -> tuple[list[Case], list[Problem]]:
    """Tie each question to the library; a question whose gold does not fit the library is a problem instead."""
    shelf = _Shelf(library)
    cases: list[Case] = []
    problems: list[Problem] = []
    for question in questions:
        try:
            cases.append(shelf.case(question))
        except MalformedError as error:
            problems.append(Problem(f"question {question.id}", str(error)))
    return cases, problems


class _Shelf:
    """The library's documents, each read once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._passages: dict[str, list[SourcePassage]] = {}
        self._documents: dict[str, tuple[str, list[SourceSentence]]] = {}

    def case(self, question: Question) -> Case:
        gold = tuple(dict.fromkeys(s for place in question.sentences for s in self._sentences_at(place)))
        if question.context is not None:
            return Case(question, gold, tuple(passage.id for passage in self._passages_of(question.context)))
        if gold and not any(_says(sentence, answer) for sentence in gold for answer in question.answers):
            raise MalformedError("none of its answers stands in its gold sentences")
        documents = dict.fromkeys(sentence.document for sentence in gold)
        around = (p.id for name in documents for p in self._passages_of(name) if not set(gold).isdisjoint(p.sentences))
        return Case(question, gold, tuple(around))

    def _sentences_at(self, place: GoldSpan | GoldText) -> list[SourceSentence]:
        text, sentences = self._document(place.document)
        spans = [(place.start, place.end)] if isinstance(place, GoldSpan) else _occurrences(place.text, text)
        found = [s for start, end in spans for s in sentences if s.start < end <= len(text) and start < s.end]
        if not found:
            wanted = f"{place.start}…{place.end}" if isinstance(place, GoldSpan) else repr(place.text)
            raise MalformedError(f"{place.document}, of {len(text):,} characters, holds no sentence {wanted}")
        return found

    def _document(self, name: str) -> tuple[str, list[SourceSentence]]:
        if name not in self._documents:
            try:
                text = self._library.text(name)
            except SourceUnknown as error:
                raise MalformedError(f"the library holds no document {name}") from error
            # As they are cited: a text that several files hold is stored once, under one of their names.
            self._documents[name] = text, [passage.focused for passage in self._passages_of(name)]
        return self._documents[name]

    def _passages_of(self, name: str) -> list[SourcePassage]:
        if name not in self._passages:
            self._passages[name] = self._library.passages_of(name)
        return self._passages[name]


def _occurrences(part: str, text: str) -> list[tuple[int, int]]:
    starts = (i for i in range(len(text)) if text.startswith(part, i))
    return [(start, start + len(part)) for start in starts]


def _says(sentence: SourceSentence, answer: str) -> bool:
    return answer in sentence.text or normalise_french_folded(answer) in normalise_french_folded(sentence.text)
