"""Answer spans, or what a chat model wrote → Reply with resolved citations; pure.

A citation is made from a sentence that was cut from the stored document by its offsets, and is checked once more here:
a reply whose citation does not hold cannot be made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from assistant.reader import Span
from assistant.sources import SourceSentence
from assistant.support import Doubt

# From here on, an answer is more likely right than not.
_LIKELY = 0.5


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

    @classmethod
    def of_all(cls, sentence: SourceSentence) -> Self:
        """Cite the whole `sentence`."""
        return cls.of(sentence, sentence.start, sentence.end)

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
class Statement:
    """What a chat model wrote, with the whole sentences that it cites.

    `score` 0…1: how likely it is that they support it. `doubt`: why it is unsupported; None if it is supported.
    """

    text: str
    citations: tuple[Citation, ...]
    score: float
    doubt: Doubt | None

    def __post_init__(self) -> None:
        if self.supported and not self.citations:
            raise ValueError("a statement without a citation is unsupported")

    @property
    def supported(self) -> bool:
        """Whether its citations hold."""
        return self.doubt is None

    def as_json(self) -> dict[str, Any]:
        """The stable form of `ask --json`."""
        doubt = None if self.doubt is None else {"kind": self.doubt.kind, "what": self.doubt.what}
        return {
            "text": self.text,
            "supported": self.supported,
            "doubt": doubt,
            "score": round(self.score, 4),
            "citations": [citation.as_json() for citation in self.citations],
        }


@dataclass(frozen=True, slots=True)
class Writing:
    """What a chat model made of a question.

    `place`: the server that was sent the sentences, None if they stayed on this machine. `absent`: whether it said that
    the sentences do not say, and nothing else. `cut`: whether a statement was dropped at the end because it had not
    come to its citation.
    """

    model: str
    place: str | None
    statements: tuple[Statement, ...]
    absent: bool
    cut: bool

    @property
    def supported(self) -> tuple[Statement, ...]:
        """The statements whose citations hold."""
        return tuple(statement for statement in self.statements if statement.supported)

    @property
    def unsupported(self) -> tuple[Statement, ...]:
        """The others."""
        return tuple(statement for statement in self.statements if not statement.supported)

    def as_json(self) -> dict[str, Any]:
        """The stable form of `ask --json`."""
        return {
            "model": self.model,
            "place": self.place,
            "absent": self.absent,
            "cut": self.cut,
            "unsupported": len(self.unsupported),
            "statements": [statement.as_json() for statement in self.statements],
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question got. Answered: `answer` and at least one citation; otherwise no citation, but the nearest
    sentences.

    `confidence` in 0…1 is that of the best answer found, given or not. `timings_ms`: load, retrieve, answer; and
    complete, where something was asked before. With a `writing`, the answer is made of its supported statements; if
    there is none, it is what the reader quotes.
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
    writing: Writing | None = None
    """What a chat model wrote, if one was asked."""

    def __post_init__(self) -> None:
        if (self.answer is None) != (not self.citations):
            raise ValueError("an answer has citations, an abstention has none")
        if self.is_written and self.answer != _joined(self.statements):
            raise ValueError("a written answer is made of its supported statements")

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What a chat model wrote, supported or not; nothing if none was asked."""
        return self.writing.statements if self.writing else ()

    @property
    def is_written(self) -> bool:
        """Whether the answer is a chat model's."""
        return self.writing is not None and bool(self.writing.supported)

    @property
    def is_fallback(self) -> bool:
        """Whether the reader replied instead of a chat model: what that wrote did not hold, or it found no answer where
        the reader is sure of one."""
        return self.writing is not None and not self.is_written and (self.answered or not self.writing.absent)

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
        if self.writing:
            fields["writing"] = {**self.writing.as_json(), "fallback": self.is_fallback}
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


def with_writing(quoted: Reply, writing: Writing, spans: Sequence[Span]) -> Reply:
    """The reply that a chat model's writing makes of what the reader would have replied from its `spans`.

    Without any supported statement it is the reader's reply. If the model said that the sentences do not say, it is an
    abstention, unless the reader's answer is more likely right than not. A written answer is as sure as its least
    supported statement, and as the reader is that a cited sentence holds an answer.
    """
    if writing.supported:
        cited = dict.fromkeys(citation for statement in writing.supported for citation in statement.citations)
        places = {(citation.document, citation.start) for citation in cited}
        held = [span.confidence for span in spans if (span.sentence.document, span.sentence.start) in places]
        return replace(
            quoted,
            answer=_joined(writing.statements),
            confidence=min(max(held, default=0.0), *(statement.score for statement in writing.supported)),
            model=writing.model,
            citations=tuple(cited),
            nearest=(),
            writing=writing,
        )
    if writing.absent and quoted.confidence < _LIKELY:
        nearest = quoted.nearest or quoted.citations
        return replace(quoted, answer=None, model=writing.model, citations=(), nearest=nearest, writing=writing)
    return replace(quoted, writing=writing)


def _joined(statements: Sequence[Statement]) -> str:
    return " ".join(statement.text for statement in statements if statement.supported)


def _cite(span: Span) -> Citation:
    return Citation.of(span.sentence, span.start, span.end)
