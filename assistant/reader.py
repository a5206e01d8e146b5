"""Question + retrieved passages → answer Spans, best first.

This is the seam for readers that find the exact words. The one here answers with a whole sentence, picked among those
in focus with the help of a quantised encoder, and with the calibrated probability that it holds the answer.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

from assistant import places
from assistant.llama import SentenceEncoder
from assistant.retrieval import Hit
from assistant.sources import SourceSentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


# What the quantised encoder's cosine adds to a hit's score: a conditional logit over 500 of PIAF's held-out questions.
_ENCODER_WEIGHT = 3.2
# Intercept and weights of `leads`: fitted and measured by tests/bench/abstention.py, which also chose the threshold.
# How far a sentence stands out says more than how high it scores, and says it in any library and language.
_WEIGHTS = (-3.24, 0.43, 0.42)
_THRESHOLD = 0.212
_OTHERS = 7

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]
"""Texts → unit vectors of shape (texts, dimension)."""


class SentenceReader:
    """Answers with one of the sentences in focus: the best by retrieval and by the quantised encoder together.

    `encode` is by default the shipped encoder, run by llama.cpp. Raises ModelUnusable if that cannot be loaded.
    """

    name = "sentences-1"
    threshold = _THRESHOLD

    def __init__(self, encode: Encode | None = None) -> None:
        self._encode = encode or _shipped_encode

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """One span for each hit, the whole sentence in focus, best first."""
        scores = self.scores(question, hits)
        spans = []
        for index, hit in enumerate(hits):
            sentence = hit.passage.focused
            spans.append(Span(sentence, sentence.start, sentence.end, _confidence(leads(scores, index))))
        return sorted(spans, key=lambda span: -span.confidence)

    def scores(self, question: str, hits: Sequence[Hit]) -> list[float]:
        """What the hits are ranked by, in their order; comparable within one question only."""
        if not hits:
            return []
        asked, *said = self._encode([question, *(hit.passage.focused.text for hit in hits)])
        cosines = [float(asked @ vector) for vector in said]
        return [hit.evidence.score + _ENCODER_WEIGHT * c for hit, c in zip(hits, cosines, strict=True)]


def default_reader() -> Reader:
    """The reader used where none is given."""
    return SentenceReader()


def leads(scores: Sequence[float], index: int) -> tuple[float, float]:
    """How far a score is above the best of the others, and above the mean of their best _OTHERS; missing ones are 0."""
    others = sorted([*scores[:index], *scores[index + 1 :], *[0.0] * _OTHERS], reverse=True)[:_OTHERS]
    return scores[index] - max(others), scores[index] - sum(others) / _OTHERS


def _confidence(values: Sequence[float]) -> float:
    intercept, *weights = _WEIGHTS
    logit = intercept + sum(weight * value for weight, value in zip(weights, values, strict=True))
    return 1 / (1 + math.exp(-logit))


def _shipped_encode(texts: Sequence[str]) -> "NDArray[np.float32]":
    return _shipped_encoder().encode(texts)


@cache
def _shipped_encoder() -> SentenceEncoder:
    return SentenceEncoder(places.shipped("models/encoder/encoder-q8_0.gguf"))
