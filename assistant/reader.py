"""Question + retrieved passages → answer Spans, best first: a quantised encoder marks the exact words.

Sentences that follow each other in a document are read together, each once. What retrieval says of a sentence helps to
choose among answers, but not to tell whether the documents say it: a question about what they nearly say shares more
words with them than one in other words about what they do say.
"""

import base64
import contextlib
import json
import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant import places
from assistant.conversion import in_32_bits
from assistant.errors import ModelUnusable
from assistant.llama import TokenEncoder
from assistant.messages import _
from assistant.retrieval import Hit
from assistant.sources import SourceSentence
from assistant.spans import Window, best_spans, make_window

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


HEAD_KEY = "assistant.reader.head"
"""Metadata: float32 values in base64, a row of start and end weights, (2, dimension), then the two biases."""
CALIBRATION_KEY = "assistant.reader.calibration"
"""Metadata: a Calibration as JSON."""
NAME_KEY = "general.name"
WEIGHED = ("intercept", "margin", "among")
"""What a calibration's weights are called in the metadata: the intercept and `features`, in this order."""
LONGEST_WINDOW = 320
HITS_READ = 6
"""The best hits, which may be read: with eight or ten, answers are no better on held-out questions."""
_READ_TOGETHER = 3
# Three held-out questions of four that the documents answer get an answer as sure as this from the best three hits;
# what the others say changes no more answers for the better than for the worse.
_SURE = 0.3
_SENTENCES_TOGETHER = 5
_CHARACTERS_TOGETHER = 900


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores are combined, fitted on labelled questions that trained nothing.

    `retrieval`: weight of a hit's retrieval score beside its span's margin, a conditional logit's. `weights`: of what
    is WEIGHED, a logistic regression's. Below `threshold` the documents do not say.
    """

    retrieval: float
    weights: tuple[float, ...]
    threshold: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A hit's best span: `margin` is its sentence's score above "it does not say" in the same window."""

    hit: Hit
    start: int
    end: int
    margin: float


class SpanReader:
    """The quantised reader in the GGUF file `path`, run by llama.cpp. Raises ModelUnusable if that cannot be loaded."""

    def __init__(self, path: Path) -> None:
        self._encoder = TokenEncoder(path)
        self._head, self._bias = _read_head(self._encoder, path)
        self.tokenizer = self._encoder.tokenizer
        self.calibration = _read_calibration(self._encoder, path)
        self.name = self._encoder.metadata(NAME_KEY) or path.stem
        self.threshold = self.calibration.threshold

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """At most one span for each hit that is read, inside its sentence in focus, best first: of the best HITS_READ,
        a few at a time until one is sure."""
        readings: list[Reading] = []
        spans: list[Span] = []
        with contextlib.closing(self._in_turn(question, hits)) as found:
            for more in found:
                readings = sorted(readings + more, key=lambda one: -combined(one, self.calibration.retrieval))
                spans = [_span(reading, self.calibration) for reading in readings]
                if spans and spans[0].confidence >= max(_SURE, self.threshold):
                    break
        return spans

    def readings(self, question: str, hits: Sequence[Hit]) -> list[Reading]:
        """The best span of the sentence in focus of each of the best HITS_READ hits; none for one that its window had
        no room for."""
        return [reading for some in self._in_turn(question, hits) for reading in some]

    def _in_turn(self, question: str, hits: Sequence[Hit]) -> Generator[list[Reading]]:
        groups = [list(_runs(some)) for some in _few(hits)]
        windows = [[self._window(question, run) for run in runs] for runs in groups]
        with contextlib.closing(self.scores_in_turn(windows)) as found:
            for runs, of_group, scores in zip(groups, windows, found, strict=True):
                read = zip(runs, of_group, scores, strict=True)
                yield [reading for run, window, logits in read for reading in _readings(run, window, logits)]

    def _window(self, question: str, run: Sequence[Hit]) -> Window:
        return make_window(self.tokenizer, question, [hit.passage.focused.text for hit in run], LONGEST_WINDOW)

    def scores(self, windows: Sequence[Window]) -> "list[NDArray[np.float32]]":
        """Start and end logits of each window, (its tokens, 2)."""
        [scores] = self.scores_in_turn([windows])
        return scores

    def scores_in_turn(self, groups: Sequence[Sequence[Window]]) -> "Generator[list[NDArray[np.float32]]]":
        """Those of each group's windows, group by group. Close the generator to leave out what is not begun."""
        with contextlib.closing(self._encoder.states([[window.ids for window in group] for group in groups])) as found:
            for states in found:
                yield [rows @ self._head.T + self._bias for rows in states]


@cache
def default_reader() -> SpanReader:
    """The reader used where none is given: the one that ships, loaded once."""
    return SpanReader(in_32_bits(places.shipped("models/reader/reader-q8_0.gguf")))


def combined(reading: Reading, retrieval: float) -> float:
    """What readings are ranked by; comparable within one question only."""
    return reading.margin + retrieval * reading.hit.evidence.score


def features(reading: Reading) -> tuple[float, ...]:
    """What tells whether a reading answers: its margin, and of how many passages it is the best (logarithm), since the
    best of many is good by chance.
    """
    return reading.margin, math.log(reading.hit.among)


def _few(hits: Sequence[Hit]) -> Iterator[Sequence[Hit]]:
    """The best HITS_READ hits, as many at a time as are read together."""
    best = hits[:HITS_READ]
    return (best[first : first + _READ_TOGETHER] for first in range(0, len(best), _READ_TOGETHER))


def _span(reading: Reading, calibration: Calibration) -> Span:
    intercept, *slopes = calibration.weights
    logit = intercept + sum(weight * value for weight, value in zip(slopes, features(reading), strict=True))
    confidence = 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
    return Span(reading.hit.passage.focused, reading.start, reading.end, confidence)


def _runs(hits: Sequence[Hit]) -> Iterator[list[Hit]]:
    """The hits, each sentence once, in runs of sentences that follow each other and fit in a window."""
    run: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.passage.document, hit.passage.focus)):
        sentences = [one.passage.focused for one in run]
        if run and not _joins(sentences, hit.passage.focused):
            yield run
            run = []
        run.append(hit)
    if run:
        yield run


def _joins(run: Sequence[SourceSentence], sentence: SourceSentence) -> bool:
    follows = (sentence.document, sentence.number) == (run[-1].document, run[-1].number + 1)
    room = len(run) < _SENTENCES_TOGETHER and sentence.end - run[0].start <= _CHARACTERS_TOGETHER
    return follows and room


def _readings(run: Sequence[Hit], window: Window, scores: "NDArray[np.float32]") -> Iterator[Reading]:
    silent = float(scores[0].sum())
    for hit, span in zip(run, best_spans(scores, window), strict=True):
        if span is not None:
            offset = hit.passage.focused.start
            if span.start < span.end:
                yield Reading(hit, offset + span.start, offset + span.end, span.score - silent)


def _read_head(encoder: TokenEncoder, path: Path) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
    import numpy as np

    try:
        values = np.frombuffer(base64.b64decode(encoder.metadata(HEAD_KEY) or ""), dtype=np.float32)
        return values[:-2].reshape(2, encoder.dimension), values[-2:]
    except ValueError as error:
        raise _not_a_reader(path) from error


def _read_calibration(encoder: TokenEncoder, path: Path) -> Calibration:
    try:
        values = json.loads(encoder.metadata(CALIBRATION_KEY) or "")
        weights = values["weights"]
        if list(weights) != list(WEIGHED):
            raise _not_a_reader(path)
        return Calibration(float(values["retrieval"]), tuple(map(float, weights.values())), float(values["threshold"]))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise _not_a_reader(path) from error


def _not_a_reader(path: Path) -> ModelUnusable:
    return ModelUnusable(
        _("{path} is no reader of this version: it has no head or calibration that fits.").format(path=path),
        _("Delete it and install assistant again, which brings its reader."),
    )
