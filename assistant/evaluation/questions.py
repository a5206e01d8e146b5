"""A JSON object of our own format → Question.

{"id", "question", "answers": […], "sentences": [{"document", "start", "end"} or {"document", "text"}],
 "unanswerable": false, "follows": "id of the question asked just before", "tags": […]}
"""

from dataclasses import dataclass
from typing import Any

from assistant.conversation import checked_question
from assistant.errors import BadQuestion
from assistant.evaluation.fields import (
    MalformedError,
    Record,
    as_record,
    flag_in,
    id_in,
    list_in,
    offset_in,
    text_in,
    texts_in,
)


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """A place that supports an answer: code points `start`…`end` (exclusive) of the document's text."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GoldText:
    """A sentence that supports an answer, given by its words."""

    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """One test question.

    `answers` are all acceptable; `sentences` are alternatives: each supports an answer alone. `follows` is the id of
    the question asked just before in the same conversation. `context` names the document that the question was written
    on, for question sets that bring their documents along.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    sentences: tuple[GoldSpan | GoldText, ...]
    unanswerable: bool = False
    tags: tuple[str, ...] = ()
    follows: str | None = None
    context: str | None = None


def question_from(value: Any) -> Question:
    """Check one object of a JSON Lines file. Raises MalformedError."""
    record = as_record(value)
    return Question(
        id=id_in(record),
        question=askable_in(record),
        answers=texts_in(record, "answers"),
        sentences=tuple(_gold(place) for place in list_in(record, "sentences")),
        unanswerable=flag_in(record, "unanswerable"),
        tags=texts_in(record, "tags"),
        follows=None if record.get("follows") is None else text_in(record, "follows"),
    )


def askable_in(record: Record) -> str:
    """The question itself. Raises MalformedError if a conversation would not take it."""
    try:
        return checked_question(text_in(record, "question"))
    except BadQuestion as error:
        raise MalformedError(error.what) from error


def check_answers(question: Question) -> None:
    """A question is answerable or not. Raises MalformedError if its answers say otherwise."""
    if question.unanswerable and question.answers:
        raise MalformedError("it is marked unanswerable and has answers")
    if not question.unanswerable and not question.answers:
        raise MalformedError("it has no answers and is not marked unanswerable")


def _gold(value: Any) -> GoldSpan | GoldText:
    record = as_record(value)
    document = text_in(record, "document")
    if "text" in record:
        return GoldText(document, text_in(record, "text"))
    span = GoldSpan(document, offset_in(record, "start"), offset_in(record, "end"))
    if span.start >= span.end:
        raise MalformedError(f"a sentence starts at {span.start} and ends at {span.end}")
    return span
