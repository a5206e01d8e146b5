"""A reader + questions → exact match and F1, given the whole text and given the sentence that answers.

The measures are the product's own (`assistant.evaluation`), with each question's first answer as the only gold one;
`assistant eval` knows all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from assistant.evaluation.metrics import exact_match, token_f1
from assistant.evaluation.normalisation import normalise_english, normalise_french
from assistant.spans import Window, best_spans, make_window
from models.training.data import Question, sentence_spans

LONGEST = 384
_NORMALISERS = {"fr": normalise_french, "en": normalise_english}


class Scorer(Protocol):
    """A reader in PyTorch, or in llama.cpp."""

    def scores(self, windows: list[Window]) -> list[NDArray[np.float32]]:
        """Start and end logits of each window, (its tokens, 2)."""


@dataclass(frozen=True)
class Scores:
    """One entry a question, 0…1."""

    exact: list[float]
    f1: list[float]


def read_texts(model: Scorer, tokenizer: Tokenizer, questions: Sequence[Question]) -> Scores:
    """Given the whole text."""
    texts = [[q.context[a:b] for a, b in sentence_spans(q.context, q.language)] for q in questions]
    return _read(model, tokenizer, questions, texts)


def read_sentences(model: Scorer, tokenizer: Tokenizer, questions: Sequence[Question]) -> Scores:
    """Given the sentence in which the answer starts."""
    return _read(model, tokenizer, questions, [[_gold(question)] for question in questions])


def _gold(question: Question) -> str:
    spans = sentence_spans(question.context, question.language)
    return next(question.context[a:b] for a, b in reversed(spans) if a <= question.start)


def _read(model: Scorer, tokenizer: Tokenizer, questions: Sequence[Question], texts: Sequence[list[str]]) -> Scores:
    windows = [make_window(tokenizer, q.question, text, LONGEST) for q, text in zip(questions, texts, strict=True)]
    exact, f1 = [], []
    for question, window, scores in zip(questions, windows, model.scores(windows), strict=True):
        number, start, end = best_place(scores, window)
        answer = window.sentences[number][start:end]
        golds, normalise = [question.context[question.start : question.end]], _NORMALISERS[question.language]
        exact.append(exact_match(answer, golds, normalise))
        f1.append(token_f1(answer, golds, normalise))
    return Scores(exact, f1)


def best_place(scores: NDArray[np.float32], window: Window) -> tuple[int, int, int]:
    """The best span of all of the window's sentences: which sentence, and its start and end in characters."""
    found = [(span.score, number, span) for number, span in enumerate(best_spans(scores, window)) if span]
    _, number, best = max(found, key=lambda one: one[0])
    return number, best.start, best.end
