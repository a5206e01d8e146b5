"""Answer spans → Reply with resolved citations; pure.

A citation is made from a sentence that was cut from the stored document by its offsets, and is checked once more here:
a reply whose citation does not hold cannot be made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from assistant.reader import Span
from assistant.sources import SourceSentence


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence of a document, `document text[start:end] == sentence`, and the quoted part of it (document offsets).

    Raises ValueError if the parts do not fit together.
    """

    document: str
    sentence_number: int
    start: int
    end: int
    sentence: str
    quote_start: int
    quote_end: int

    def __post_init__(self) -> None:
        if self.sentence_number < 1 or self.start < 0:
            raise ValueError(f"{self.document}:{self.sentence_number} at {self.start} is no place in a document")
        if len(self.sentence) != self.end - self.start:
            raise ValueError(f"{self.document}:{self.sentence_number} is not {self.end - self.start} characters long")
        if not self.start <= self.quote_start < self.quote_end <= self.end:
            raise ValueError(
                f"the quote {self.quote_start}…{self.quote_end} leaves {self.document}:{self.sentence_number}"
            )

    @classmethod
    def of(cls, sentence: SourceSentence, start: int, end: int) -> Self:
        """Cite `sentence` for its part start…end."""
        return cls(sentence.document, sentence.number, sentence.start, sentence.end, sentence.text, start, end)

    @property
    def place(self) -> str:
        """How people name it and `assistant show` takes it: document:number."""
        return f"{self.document}:{self.sentence_number}"

    @property
    def quote(self) -> str:
        """The quoted words."""
        return self.sentence[self.quote_start - self.start : self.quote_end - self.start]

    def as_json(self) -> dict[str, Any]:
        """The stable form of `ask --json`."""
        return {
            "document": self.document,
            "sentence_number": self.sentence_number,
            "start": self.start,
            "end": self.end,
            "sentence": self.sentence,
            "quote": {"start": self.quote_start, "end": self.quote_end},
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question got. Answered: `answer` and at least one citation; otherwise no citation, but the nearest
    sentences.

    `confidence` in 0…1 is that of the best answer found, given or not. `timings_ms`: load, retrieve, answer.
    """

    question: str
    answer: str | None
    confidence: float
    model: str
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Citation, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    completed: str | None = None
    """The question as it was searched for, if it was completed from the conversation."""

    def __post_init__(self) -> None:
        if (self.answer is None) != (not self.citations):
            raise ValueError("an answer has citations, an abstention has none")

    @property
    def answered(self) -> bool:
        """Whether the documents say."""
        return self.answer is not None

    def as_json(self) -> dict[str, Any]:
        """The stable form of `ask --json`."""
        fields = {
            "question": self.question,
            "answered": self.answered,
            "answer": self.answer,
            "confidence": round(self.confidence, 4),
            "model": self.model,
            "citations": [citation.as_json() for citation in self.citations],
            "timings_ms": {stage: round(time, 1) for stage, time in self.timings_ms.items()},
        }
        if self.completed:
            fields["completed"] = self.completed
        if not self.answered:
            fields["nearest"] = [citation.as_json() for citation in self.nearest]
        return fields


def make_reply(
    question: str,
    spans: Sequence[Span],
    threshold: float,
    model: str,
    timings_ms: Mapping[str, float],
    nearest: int = 3,
) -> Reply:
    """The best span as a cited answer or, below the threshold, an abstention with the nearest sentences."""
    if spans and spans[0].confidence >= threshold:
        citation = _cite(spans[0])
        return Reply(question, citation.quote, spans[0].confidence, model, (citation,), timings_ms=timings_ms)
    # Several spans may lie in one sentence; each sentence is shown once.
    sentences: dict[SourceSentence, Citation] = {}
    for span in spans:
        sentences.setdefault(span.sentence, _cite(span))
    closest = tuple(sentences.values())[:nearest]
    confidence = spans[0].confidence if spans else 0.0
    return Reply(question, None, confidence, model, nearest=closest, timings_ms=timings_ms)


def _cite(span: Span) -> Citation:
    return Citation.of(span.sentence, span.start, span.end)
