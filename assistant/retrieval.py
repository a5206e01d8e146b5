"""Question + library → ranked Hits: dense and lexical candidates, weighed by one small fitted function.

The function is a conditional logit over the candidates of a question, on evidence that does not depend on the library's
size. Its weights are fitted and measured by tests/bench/retrieval.py: ahead of both of its parts, where reciprocal
ranks and a fixed mixture of cosine and BM25 were not. What is asked in other words than the text's often finds the
right page, but not the sentence: so a passage is worth as much again as the best one near it. The first of all stays
first; what stands around it comes up. In texts of the other language its words are looked for by their translations.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant import translations
from assistant.index import Library
from assistant.lexicon import LANGUAGES, Language
from assistant.sources import Posting, SourcePassage

# Weight of the words of a sentence's neighbours in BM25, as a share of its own.
AROUND_WEIGHT = 0.3
WEIGHTS = (76.0, 2.7, 0.4, 6.2)
_CANDIDATES = 200
# About a page: in a book, its other end says nothing about a sentence.
_NEAR = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a passage.

    `dense`: cosine in −1…1. `lexical`: BM25, ≥ 0. `relative`: the same as a share of the question's total term weight.
    `covered`, `covered_around`: shares in 0…1 of that weight found in the sentence in focus, and in the whole passage.
    `nearby`: what the best passage of the same document within _NEAR sentences is worth, itself included.
    """

    dense: float
    lexical: float
    relative: float
    covered: float
    covered_around: float
    nearby: float = 0.0

    @property
    def own(self) -> float:
        """What the passage is worth alone."""
        values = (self.dense, self.relative, self.covered, self.covered_around)
        return sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))

    @property
    def score(self) -> float:
        """What passages are ranked by; comparable within one question only."""
        return self.own + self.nearby


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage, what speaks for it, and the number of passages that it was found among."""

    passage: SourcePassage
    evidence: Evidence
    among: int

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
            "dense": round(self.evidence.dense, 4),
            "lexical": round(self.evidence.lexical, 4),
            "score": round(self.evidence.score, 4),
        }


def retrieve(library: Library, question: str, k: int, within: Collection[int] | None = None) -> list[Hit]:
    """The k passages most likely to answer `question`, best first; fewer if the library holds fewer.

    `within` limits them to some passages, by id. Raises LibraryBroken or ModelUnusable.
    """
    with library.snapshot():
        found = gather(library, question, within)
        best = sorted(found, key=lambda i: (-found[i].score, i))[:k]
        among = len(library) if within is None else len(within)
        return [Hit(passage, found[passage.id], among) for passage in library.passages(best)]


def gather(library: Library, question: str, within: Collection[int] | None = None) -> dict[int, Evidence]:
    """The evidence for each candidate, by id: nearest vectors and best BM25 matches, or the passages `within`."""
    vector = library.embedder.encode_questions([question])[0]
    terms = {language: translations.terms_in(language, question) for language in LANGUAGES}
    if within is None:
        lexical = library.matching(terms, _CANDIDATES, AROUND_WEIGHT)
        dense = library.nearest(vector, _CANDIDATES)
        dense |= library.cosines(vector, lexical.keys() - dense.keys())
    else:
        lexical = library.matching(terms, len(library), AROUND_WEIGHT)
        dense = library.cosines(vector, within)
    weights = {language: _term_weights(library, language, words) for language, words in terms.items()}
    found: dict[int, Evidence] = {}
    documents: dict[int, dict[int, int]] = defaultdict(dict)
    for posting in library.postings(dense):
        i, asked = posting.id, weights[posting.language]
        found[i] = _evidence(posting, dense[i], lexical.get(i, 0.0), asked)
        documents[posting.document][posting.number] = i
    for ids in documents.values():
        own = {number: found[i].own for number, i in ids.items()}
        found |= {i: replace(found[i], nearby=_best_near(number, own)) for number, i in ids.items()}
    return found


def _best_near(number: int, own: Mapping[int, float]) -> float:
    return max(own[near] for near in range(number - _NEAR, number + _NEAR + 1) if near in own)


def _evidence(posting: Posting, dense: float, lexical: float, asked: Mapping[str, float]) -> Evidence:
    total = sum(asked.values()) or 1.0
    own = sum(asked[term] for term in asked.keys() & posting.terms)
    around = sum(asked[term] for term in asked.keys() & (posting.terms | posting.terms_around))
    return Evidence(dense, lexical, lexical / total, own / total, around / total)


def _term_weights(library: Library, language: Language, terms: Sequence[str]) -> dict[str, float]:
    """Inverse document frequencies, never negative (Lucene's variant of Robertson and Spärck Jones's)."""
    size = len(library)
    counts = library.frequencies(language, terms)
    return {term: math.log(1 + (size - counts[term] + 0.5) / (counts[term] + 0.5)) for term in dict.fromkeys(terms)}
