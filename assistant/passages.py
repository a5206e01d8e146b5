"""Sentences → Passages: each sentence with its neighbours, within a budget of words.

Passages overlap, so that no answer falls between two of them, and each has one sentence in focus, so that ranking
passages ranks sentences. Sentences are embedded once; a passage's vector is its focus's, leaning on its neighbours'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.sentences import Sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Chosen by tests/bench/retrieval.py.
NEIGHBOURS = 2
MAX_WORDS = 120
NEIGHBOUR_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole neighbouring sentences, by their numbers: `first` ≤ `focus` ≤ `last`."""

    focus: int
    first: int
    last: int


def make_passages(text: str, sentences: Sequence[Sentence]) -> list[Passage]:
    """One passage for each sentence, in order. A sentence beyond the budget of words stands alone."""
    words = [len(text[sentence.start : sentence.end].split()) for sentence in sentences]
    return [_around(index, words) for index in range(len(sentences))]


def blend(vectors: "NDArray[np.float32]", passages: Sequence[Passage]) -> "NDArray[np.float32]":
    """Unit vectors of one document's passages from those of its sentences, both of shape (n, dimension)."""
    import numpy as np

    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0, dtype=np.float64)])
    windows = sums[[p.last for p in passages]] - sums[[p.first - 1 for p in passages]]
    blended = (1 - NEIGHBOUR_WEIGHT) * vectors + NEIGHBOUR_WEIGHT * windows
    lengths = np.linalg.norm(blended, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (blended / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


def _around(index: int, words: Sequence[int]) -> Passage:
    first = last = index
    total = words[index]
    for step in range(1, NEIGHBOURS + 1):
        if index - step == first - 1 >= 0 and total + words[index - step] <= MAX_WORDS:
            first, total = index - step, total + words[index - step]
        if index + step == last + 1 < len(words) and total + words[index + step] <= MAX_WORDS:
            last, total = index + step, total + words[index + step]
    return Passage(index + 1, first + 1, last + 1)
