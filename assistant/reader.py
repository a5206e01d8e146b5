"""Question + retrieved passages → answer Spans, best first.

This is the seam for readers that find the exact words. The one here answers with a whole sentence: the one in focus of
the best passage, with the calibrated probability that it holds the answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.retrieval import Hit
from assistant.sources import SourceSentence


@dataclass(frozen=True, slots=True)
class Span:
    """An answer: `start`…`end` (code points of the document) lie inside `sentence`; `confidence` 0…1 is calibrated."""

    sentence: SourceSentence
    start: int
    end: int
    confidence: float


class Reader(Protocol):
    """What a conversation needs of a reader. Below `threshold`, a confidence means that the documents do not say."""

    name: str
    threshold: float

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """Answers to the question found in the hits' passages, best first."""


# Intercept, then the weights of `leads`: logistic regression by tests/bench/abstention.py, which also chose the
# threshold and prints what they are worth. How far a sentence stands out says more than how high it scores, and says it
# in any library and language.
_WEIGHTS = (-3.33, 0.52, 0.50)
_THRESHOLD = 0.206
_OTHERS = 7


class SentenceReader:
    """Answers with the sentence in focus of each hit."""

    name = "sentences-1"
    threshold = _THRESHOLD

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """One span for each hit: the whole sentence in focus, in the order of retrieval."""
        scores = [hit.evidence.score for hit in hits]
        focused = [hit.passage.focused for hit in hits]
        return [Span(s, s.start, s.end, _confidence(leads(scores, i))) for i, s in enumerate(focused)]


def leads(scores: Sequence[float], index: int) -> tuple[float, float]:
    """How far a score is above the best of the others, and above the mean of the first _OTHERS; missing ones are 0."""
    others = [*scores[:index], *scores[index + 1 :], *[0.0] * _OTHERS][:_OTHERS]
    return scores[index] - max(others), scores[index] - sum(others) / _OTHERS


def _confidence(values: Sequence[float]) -> float:
    intercept, *weights = _WEIGHTS
    logit = intercept + sum(weight * value for weight, value in zip(weights, values, strict=True))
    return 1 / (1 + math.exp(-logit))
