"""Question + retrieved passages → answer Spans, the most trustworthy first.

This is the seam for readers that find the exact words. The one here answers with a whole sentence: the one in focus of
the best passage, with the calibrated probability that it holds the answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant import lexicon
from assistant.index import SourceSentence
from assistant.retrieval import Hit


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
        """Answers to the question found in the hits' passages, most confident first."""


# Logistic regression fitted and measured by tests/bench/abstention.py: intercept, cosine, share of the question's terms
# found in the sentence, share found in the passage.
_INTERCEPT, _COSINE, _IN_SENTENCE, _IN_PASSAGE = -4.0, 2.0, 2.0, 2.0


class SentenceReader:
    """Answers with the sentence in focus of each hit."""

    name = "sentences-1"
    threshold = 0.5

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """One span for each hit: the whole sentence in focus, in the order of confidence."""
        spans = []
        for hit in hits:
            sentence = hit.passage.focused
            confidence = _logistic(features(question, hit))
            spans.append(Span(sentence, sentence.start, sentence.end, confidence))
        return sorted(spans, key=lambda span: -span.confidence)


def features(question: str, hit: Hit) -> tuple[float, float, float]:
    """Cosine in −1…1, and the shares in 0…1 of the question's terms that the sentence and the passage hold."""
    language = hit.passage.language
    asked = set(lexicon.terms(question, language))
    said = set(lexicon.terms(hit.passage.focused.text, language))
    around = {term for sentence in hit.passage.sentences for term in lexicon.terms(sentence.text, language)}
    count = max(len(asked), 1)
    return hit.dense, len(asked & said) / count, len(asked & around) / count


def _logistic(values: tuple[float, float, float]) -> float:
    cosine, in_sentence, in_passage = values
    return 1 / (1 + math.exp(-(_INTERCEPT + _COSINE * cosine + _IN_SENTENCE * in_sentence + _IN_PASSAGE * in_passage)))
