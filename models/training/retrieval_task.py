"""PIAF questions → a haystack of sentences and the one sentence that holds each answer; scores → recall and reciprocal
rank.

Three haystacks, each defined by files and file order alone:

- `whole`: every sentence of every different context of `piaf/dev.json`, then of `piaf/train.json`;
- `small`: the first 3,290 sentences of `whole` (all of dev's contexts, then training contexts), the size of PIAF
1.0;
- `deciding`: every sentence of `piaf/train.json`, asked the questions of its held-out articles. Choices are made on
it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.data import Question, read_squad, sentence_spans

SMALL = 3_290


@dataclass(frozen=True)
class Haystack:
    """`sentences` with the number of the context each is from; question i is answered by sentence `gold[i]`."""

    name: str
    sentences: list[str]
    contexts: NDArray[np.int64]
    questions: list[str]
    gold: NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """Shares of questions (0–100) whose gold sentence is in the first 1, 5, 20, and 100 × mean reciprocal rank."""

    recall_1: float
    recall_5: float
    recall_20: float
    reciprocal_rank: float

    def figures(self) -> tuple[float, float, float, float]:
        """The four figures in order."""
        return self.recall_1, self.recall_5, self.recall_20, self.reciprocal_rank

    def __str__(self) -> str:
        return f"{self.recall_1:5.1f} {self.recall_5:5.1f} {self.recall_20:5.1f} {self.reciprocal_rank:5.1f}"


def read_haystack(data: Path, name: str) -> Haystack:
    """Build the haystack called `whole`, `small` or `deciding`."""
    train = read_squad(data / "piaf/train.json")
    if name == "deciding":
        return _haystack(name, read_squad(data / "piaf/train.json", held_out=True), train, None)
    dev = read_squad(data / "piaf/dev.json")
    return _haystack(name, dev, dev + train, SMALL if name == "small" else None)


def _haystack(name: str, asked: list[Question], texts: list[Question], size: int | None) -> Haystack:
    sentences: list[str] = []
    contexts: list[int] = []
    places: dict[str, list[tuple[int, int]]] = {}
    for number, context in enumerate(dict.fromkeys(question.context for question in texts)):
        spans = sentence_spans(context)
        places[context] = [(start, len(sentences) + i) for i, (start, _) in enumerate(spans)]
        sentences += [context[start:end] for start, end in spans]
        contexts += [number] * len(spans)
    gold = np.array([_holder(places[question.context], question.start) for question in asked])
    return Haystack(name, sentences[:size], np.array(contexts[:size]), [question.question for question in asked], gold)


def _holder(starts: list[tuple[int, int]], position: int) -> int:
    """The last sentence that starts at or before `position`."""
    return max((start, number) for start, number in starts if start <= position or start == starts[0][0])[1]


def gold_ranks(scores: NDArray[np.float32], gold: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank from 1 of each gold sentence in its row of `scores` (questions, sentences); earlier sentences win ties."""
    own = scores[np.arange(len(gold)), gold][:, None]
    before = np.arange(scores.shape[1])[None, :] < gold[:, None]
    return np.asarray(1 + (scores > own).sum(axis=1) + ((scores == own) & before).sum(axis=1))


def summarise(ranks: NDArray[np.int64]) -> Ranking:
    """Recall at 1, 5, 20 and mean reciprocal rank of `ranks`, times 100."""
    first, fifth, twentieth = (float((ranks <= k).mean() * 100) for k in (1, 5, 20))
    return Ranking(first, fifth, twentieth, float((1 / ranks).mean() * 100))


def interval(ranks: NDArray[np.int64], seed: int = 0, draws: int = 1000) -> tuple[Ranking, Ranking]:
    """95 % bootstrap interval of each figure, questions drawn with replacement."""
    chance = np.random.default_rng(seed)
    drawn = [summarise(chance.choice(ranks, len(ranks))) for _ in range(draws)]
    figures = np.array([ranking.figures() for ranking in drawn])
    low, high = np.percentile(figures, (2.5, 97.5), axis=0)
    return Ranking(*map(float, low)), Ranking(*map(float, high))
