"""Questions → training examples: windows of neighbouring sentences, with the answer or without."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby

from tokenizers import Tokenizer

from assistant.lexicon import Language, terms
from assistant.reader import HITS_READ
from assistant.spans import Window, make_window
from models.training.bilingual import Lexicon, rewording_lexicon, switch_words
from models.training.near_misses import exchange_name
from models.training.reading_questions import Asked, Reading


@dataclass(frozen=True)
class Mixture:
    """How examples are drawn; shares are 0…1, lengths are tokens.

    `passes` says how often a pass takes each question of a source (by language and name), 1 where it says nothing.
    `sizes` weighs windows of 1, 2, … sentences. Of the answerable questions `elsewhere` are asked of a window of their
    own text without the answer, and as many of one of retrieval's favourites, where they have any; in `exchanged` of
    them a name or number becomes another one; `beside` are asked of two windows, one without the answer. `among` of all
    questions are asked of as many sentences as the product reads instead, in windows as the product makes them.
    `switched`: English questions, and English windows, in which words become French. `asked_in_english`: French
    questions in which words become English. `reworded`: other questions in which half of the words become others of
    like translation.
    """

    passes: dict[str, float] = field(default_factory=dict)
    sizes: tuple[float, ...] = (0.25, 0.2, 0.2, 0.2, 0.15)
    longest: int = 256
    elsewhere: float = 0.1
    exchanged: float = 0.0
    beside: float = 0.0
    among: float = 0.0
    switched: float = 0.5
    switch_share: float = 0.8
    asked_in_english: float = 0.1
    reworded: float = 0.0


@dataclass(frozen=True)
class Example:
    """A window and the answer's first and last token in it; 0 and 0, the [CLS] token, if there is none."""

    window: Window
    first: int
    last: int


class Examples:
    """Endless examples of `reading`, drawn as `mixture` says."""

    def __init__(
        self, reading: Reading, tokenizer: Tokenizer, mixture: Mixture, lexicons: dict[str, Lexicon], seed: int
    ) -> None:
        self.texts, self.tokenizer, self.mixture, self.lexicons = reading.texts, tokenizer, mixture, lexicons
        self.asked = reading.asked
        self.chance = random.Random(seed)
        french, english = lexicons["fr"], lexicons["en"]
        self.rewordings = {
            "fr": rewording_lexicon(french, english, "fr"),
            "en": rewording_lexicon(english, french, "en"),
        }

    def __iter__(self) -> Iterator[list[Example]]:
        """The windows that a question is asked of together, one of them with its answer or none."""
        while True:
            turn = [one for one in self.asked for _ in range(self._times(one))]
            self.chance.shuffle(turn)
            for one in turn:
                windows = [example for example in self._windows(one) if example is not None]
                if windows:
                    yield windows

    def _times(self, one: Asked) -> int:
        """How often this pass takes the question: the fraction by chance."""
        passes = self.mixture.passes.get(f"{one.language} {one.source}", 1.0)
        return int(passes + self.chance.random())

    def _windows(self, one: Asked) -> list[Example | None]:
        mixture, draw = self.mixture, self.chance.random()
        if self.chance.random() < mixture.among and (one.favourites or len(self.texts[one.text]) > 1):
            return self._among(one, draw < mixture.elsewhere, draw > 1 - mixture.exchanged)
        if one.gold < 0:
            return self._make(one, [(self._nearest(one), -1)])
        silent = self._silent(one, draw / (2 * mixture.elsewhere)) if draw < 2 * mixture.elsewhere else []
        if silent:
            return self._make(one, [(silent, -1)])
        sentences = self.texts[one.text]
        first, after = self._around(one.gold, len(sentences))
        if draw > 1 - mixture.exchanged:
            asked = self._exchanged(one)
            if asked:
                return self._make(asked, [(sentences[first:after], -1)])
        right = (sentences[first:after], one.gold - first)
        beside = self._silent(one, self.chance.random()) if self.chance.random() < mixture.beside else []
        return self._make(one, [right, (beside, -1)] if beside else [right])

    def _exchanged(self, one: Asked) -> Asked | None:
        """The question with another name or number in it, if it has any."""
        elsewhere = " ".join(self.chance.choice(self.texts))
        question = exchange_name(one.question, self.texts[one.text], elsewhere, self.chance)
        return replace(one, question=question) if question else None

    def _among(self, one: Asked, without: bool, exchanged: bool) -> list[Example | None]:
        """Windows as the product makes them of retrieved sentences: of the question's own text those that share most
        with it, and retrieval's favourites of others; `without` the one that answers, if there are others.
        """
        chance, sentences = self.chance, self.texts[one.text]
        room = HITS_READ - (one.gold >= 0)
        own = chance.randint(0, room) if one.favourites else room
        shared = [count + 2 * chance.random() for count in _shared(one, sentences)]
        others = (number for number in range(len(sentences)) if number != one.gold)
        ranked = sorted(others, key=lambda number: (number != one.tempts, -shared[number]))
        places = [(one.text, number) for number in ranked[:own]]
        places += chance.sample(one.favourites, min(room - own, len(one.favourites)))
        if one.gold >= 0:
            answer = sentences[one.gold][one.start : one.end]
            places = [(text, number) for text, number in places if answer not in self.texts[text][number]]
            if not (without and places):
                places.append((one.text, one.gold))
        other = self._exchanged(one) if exchanged and one.gold >= 0 else None
        gold = (one.text, one.gold) if other is None else (-1, -1)
        windows = [
            ([self.texts[text][number] for text, number in run], run.index(gold) if gold in run else -1)
            for run in _runs(places)
        ]
        return self._make(other or one, windows)

    def _silent(self, one: Asked, draw: float) -> list[str]:
        """Sentences that do not hold the answer: of the question's own text where `draw` is under a half, else around
        one of retrieval's favourites; none where there are no such.
        """
        sentences: list[str] = []
        if draw < 0.5 and len(self.texts[one.text]) > 1:
            sentences = self._without(one)
        elif draw >= 0.5 and one.favourites:
            text, number = self.chance.choice(one.favourites)
            first, after = self._around(number, len(self.texts[text]))
            sentences = self.texts[text][first:after]
        answer = self.texts[one.text][one.gold][one.start : one.end]
        return [] if answer in " ".join(sentences) else sentences

    def _size(self) -> int:
        sizes = self.mixture.sizes
        return self.chance.choices(range(1, len(sizes) + 1), sizes)[0]

    def _around(self, number: int, count: int) -> tuple[int, int]:
        size = min(self._size(), count)
        first = self.chance.randint(max(0, number - size + 1), min(number, count - size))
        return first, first + size

    def _without(self, one: Asked) -> list[str]:
        """Neighbouring sentences of the question's text, on one side of the one that answers, around the one of three
        that shares most with the question.
        """
        sentences = self.texts[one.text]
        sides = [side for side in (sentences[: one.gold], sentences[one.gold + 1 :]) if side]
        side = self.chance.choice(sides)
        drawn = self.chance.choices(range(len(side)), k=3)
        likeliest = drawn[_likeliest(one, [side[number] for number in drawn])]
        first, after = self._around(likeliest, len(side))
        return side[first:after]

    def _nearest(self, one: Asked) -> list[str]:
        """The sentences around the one that tempts, or shares most with a question that its text does not answer."""
        sentences = self.texts[one.text]
        number = _likeliest(one, sentences) if one.tempts < 0 else one.tempts
        first, after = self._around(number, len(sentences))
        return sentences[first:after]

    def _make(self, one: Asked, windows: Sequence[tuple[list[str], int]]) -> list[Example | None]:
        """Each of the windows: its sentences, and which of them answers, −1 where none does."""
        question = self._asked(one)
        return [self._example(one, question, sentences, gold) for sentences, gold in windows]

    def _example(self, one: Asked, question: str, sentences: list[str], gold: int) -> Example | None:
        sentences, start, end = self._switched(one, sentences, gold)
        window = make_window(self.tokenizer, question, sentences, self.mixture.longest)
        if gold < 0:
            return Example(window, 0, 0)
        inside = _answer_tokens(window, gold, start, end)
        return Example(window, inside[0], inside[-1]) if inside else None

    def _asked(self, one: Asked) -> str:
        """The question in the language, and in the words, that chance gives it."""
        mixture, chance = self.mixture, self.chance
        if chance.random() < (mixture.asked_in_english if one.language == "fr" else mixture.switched):
            return switch_words(one.question, (), self.lexicons[one.language], mixture.switch_share, chance)[0]
        if chance.random() < mixture.reworded:
            return switch_words(one.question, (), self.rewordings[one.language], 0.5, chance)[0]
        return one.question

    def _switched(self, one: Asked, sentences: list[str], gold: int) -> tuple[list[str], int, int]:
        """The sentences in the language that chance gives them, and where the answer is in its own."""
        mixture, chance, start, end = self.mixture, self.chance, one.start, one.end
        if one.language == "fr" or chance.random() >= mixture.switched:
            return sentences, start, end
        made = []
        for number, sentence in enumerate(sentences):
            marks = (start, end) if number == gold else ()
            text, moved = switch_words(sentence, marks, self.lexicons["en"], mixture.switch_share, chance)
            made.append(text)
            if moved:
                start, end = moved
        return made, start, end


def _likeliest(one: Asked, sentences: Sequence[str]) -> int:
    """Which of the sentences shares most with the question."""
    shared = _shared(one, sentences)
    return shared.index(max(shared))


def _shared(one: Asked, sentences: Sequence[str]) -> list[int]:
    """How many terms each sentence shares with the question."""
    asked = _content(one.question, one.language)
    return [len(asked & _content(sentence, one.language)) for sentence in sentences]


def _runs(places: Iterable[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Places (text, sentence) in runs of sentences that follow each other."""
    numbered = enumerate(sorted(places))
    runs = groupby(numbered, key=lambda item: (item[1][0], item[1][1] - item[0]))
    return [[place for _, place in run] for _, run in runs]


@cache
def _content(text: str, language: Language) -> frozenset[str]:
    return frozenset(terms(text, language))


def _answer_tokens(window: Window, number: int, start: int, end: int) -> list[int]:
    """The tokens that hold the characters `start`…`end` of the window's sentence `number`; none where it was cut."""
    places = ((token, window.characters(token, token)) for token in range(*window.tokens[number]))
    return [token for token, (first, after) in places if first < end and after > start]
