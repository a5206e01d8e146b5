"""Sentences → BM25 scores of questions, as the product's SQLite FTS5 index gives them, for measuring.

Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) with FTS5's k1 = 1.2, b = 0.75 and
idf log((N − n + ½) / (n + ½)), at least 1e-6; tokens are French Snowball stems, accents folded, stop words dropped.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from assistant.lexicon import terms

K1, B = 1.2, 0.75


class Bm25:
    """An index of `sentences`; `scores` gives a dense matrix, for haystacks of some thousand sentences."""

    def __init__(self, sentences: list[str]) -> None:
        counts = [Counter(terms(sentence, "fr")) for sentence in sentences]
        self.vocabulary = {term: i for i, term in enumerate(sorted({term for count in counts for term in count}))}
        frequency = self._matrix(counts)
        length = np.asarray(frequency.sum(axis=1)).ravel()
        norm = K1 * (1 - B + B * length / max(length.mean(), 1e-9))
        rows = np.repeat(np.arange(len(sentences)), np.diff(frequency.indptr))
        frequency.data = frequency.data * (K1 + 1) / (frequency.data + norm[rows])
        found = np.bincount(frequency.indices, minlength=len(self.vocabulary))
        self.idf = np.maximum(np.log((len(sentences) - found + 0.5) / (found + 0.5)), 1e-6)
        self._weights = frequency.T.tocsr()

    def scores(self, questions: list[str]) -> NDArray[np.float32]:
        """BM25 of every sentence for every question, (questions, sentences)."""
        asked = self._matrix([Counter(terms(question, "fr")) for question in questions])
        return np.asarray((asked.multiply(self.idf[None, :]) @ self._weights).todense(), dtype=np.float32)

    def _matrix(self, counts: list[Counter[str]]) -> csr_matrix:
        known = [
            [(self.vocabulary[term], n) for term, n in count.items() if term in self.vocabulary] for count in counts
        ]
        indptr = np.cumsum([0] + [len(row) for row in known])
        columns = np.array([term for row in known for term, _ in row], dtype=np.int64)
        values = np.array([n for row in known for _, n in row], dtype=np.float64)
        return csr_matrix((values, columns, indptr), shape=(len(counts), len(self.vocabulary)))
