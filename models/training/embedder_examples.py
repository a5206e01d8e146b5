"""Questions → batches for the embedder: questions, and sentences of which each question has one that answers it.

Sentences of the same text are what a question is hardest to tell from, so a batch is made of whole texts' questions.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from models.training.reading_questions import Asked, Reading

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class EmbedderMixture:
    """How batches are drawn. `sources`: how often a text of a source is drawn, by language and name; no other is read.
    `asked` questions of a text at most stand together, beside `sentences` of its sentences at most, those that answer
    among them. To `favoured` of the questions (0…1) one is added that retrieval ranks high in another text."""

    sources: dict[str, float]
    asked: int = 6
    sentences: int = 8
    favoured: float = 0.33


@dataclass(frozen=True)
class EmbedderBatch:
    """`questions[i]` is answered by `sentences[gold[i]]`; no sentence stands twice."""

    questions: list[str]
    sentences: list[str]
    gold: list[int]


class EmbedderExamples:
    """Endless texts' questions, answerable ones, each source's in an order of chance, again and again."""

    def __init__(self, reading: Reading, mixture: EmbedderMixture, seed: int) -> None:
        self.texts, self.mixture, self.chance = reading.texts, mixture, random.Random(seed)
        together: dict[str, dict[int, list[Asked]]] = defaultdict(lambda: defaultdict(list))
        for one in reading.asked:
            if one.gold >= 0:
                together[f"{one.language} {one.source}"][one.text].append(one)
        self._groups = {name: self._in_groups(list(together[name].values())) for name in mixture.sources}
        self._waiting: dict[str, list[list[Asked]]] = {name: [] for name in mixture.sources}

    def batches(self, questions: int) -> Iterator[EmbedderBatch]:
        """Batches of at least so many questions."""
        while True:
            asked: list[Asked] = []
            sentences: dict[str, int] = {}
            while len(asked) < questions:
                group = self._draw()
                asked += group
                for sentence in self._beside(group):
                    sentences.setdefault(sentence, len(sentences))
            gold = [sentences[self.texts[one.text][one.gold]] for one in asked]
            yield EmbedderBatch([one.question for one in asked], list(sentences), gold)

    def _in_groups(self, texts: Sequence[list[Asked]]) -> list[list[Asked]]:
        size = self.mixture.asked
        mixed = [self._mixed(asked) for asked in texts]
        return [asked[first : first + size] for asked in mixed for first in range(0, len(asked), size)]

    def _draw(self) -> list[Asked]:
        """Questions on one text."""
        sources = self.mixture.sources
        (name,) = self.chance.choices(list(sources), list(sources.values()))
        if not self._waiting[name]:
            self._waiting[name] = self._mixed(self._groups[name])
        return self._waiting[name].pop()

    def _beside(self, group: Sequence[Asked]) -> Iterator[str]:
        """Sentences that answer the questions, others of their text, and retrieval's favourites in other texts."""
        text = self.texts[group[0].text]
        answering = {one.gold for one in group}
        others = [number for number in range(len(text)) if number not in answering]
        room = max(0, self.mixture.sentences - len(answering))
        yield from (text[number] for number in [*answering, *self._mixed(others)[:room]])
        for one in group:
            if one.favourites and self.chance.random() < self.mixture.favoured:
                other, number = self.chance.choice(one.favourites)
                yield self.texts[other][number]

    def _mixed(self, items: Sequence[Kind]) -> list[Kind]:
        return self.chance.sample(items, len(items))
