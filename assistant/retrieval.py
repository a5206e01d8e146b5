"""Question + library → ranked Hits: dense and lexical candidates, fused.

A passage's score is DENSE_WEIGHT · cosine + (1 − DENSE_WEIGHT) · BM25 / (best BM25): a convex combination, which Bruch,
Gai and Ingber (arXiv 2210.11934) found better than reciprocal ranks, and which kept ahead of both of its parts where
equal ranks did not. The weights were chosen by tests/bench/retrieval.py.
"""

from dataclasses import dataclass
from typing import Any

from assistant import lexicon
from assistant.index import Library, SourcePassage

DENSE_WEIGHT = 0.5
AROUND_WEIGHT = 0.3
_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage: cosine in −1…1, BM25 ≥ 0 (0 without a common word), and the fused score that ranks it."""

    passage: SourcePassage
    dense: float
    lexical: float
    score: float

    def as_json(self) -> dict[str, Any]:
        """The stable form of `search --json`."""
        sentence, passage = self.passage.focused, self.passage.sentences
        return {
            "document": sentence.document,
            "sentence_number": sentence.number,
            "start": sentence.start,
            "end": sentence.end,
            "sentence": sentence.text,
            "passage": {"start": passage[0].start, "end": passage[-1].end},
            "dense": round(self.dense, 4),
            "lexical": round(self.lexical, 4),
            "score": round(self.score, 4),
        }


def retrieve(library: Library, question: str, k: int) -> list[Hit]:
    """The k passages most likely to answer `question`, best first; fewer if the library holds fewer.

    Raises LibraryBroken or ModelUnusable.
    """
    terms = {language: lexicon.terms(question, language) for language in lexicon.LANGUAGES}
    with library.snapshot():
        vector = library.embedder.encode_questions([question])[0]
        lexical = library.matching(terms, _CANDIDATES, AROUND_WEIGHT)
        dense = library.nearest(vector, _CANDIDATES)
        dense |= library.cosines(vector, lexical.keys() - dense.keys())
        scores = fuse(dense, lexical)
        best = sorted(scores, key=lambda i: (-scores[i], i))[:k]
        return [
            Hit(passage, dense[passage.id], lexical.get(passage.id, 0.0), scores[passage.id])
            for passage in library.passages(best)
        ]


def fuse(dense: dict[int, float], lexical: dict[int, float]) -> dict[int, float]:
    """Fused scores of all passages in `dense`, which must hold those in `lexical`."""
    best = max(lexical.values(), default=1.0)
    return {i: DENSE_WEIGHT * cosine + (1 - DENSE_WEIGHT) * lexical.get(i, 0.0) / best for i, cosine in dense.items()}
