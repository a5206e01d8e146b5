"""The reader's GGUF without calibration → how its scores are combined with retrieval's, and when it abstains.

Fitted on the questions of PIAF's held-out training articles, which trained neither the reader nor the embedder used
here. Each is asked twice of the same library: as it is, and with the document that holds its answer taken out of what
was retrieved, which leaves the other paragraphs of the same article. And on questions written for this project, among
them near misses of texts that stay.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from assistant.conversation import PASSAGES_READ
from assistant.evaluation.metrics import token_f1
from assistant.evaluation.normalisation import normalise_french
from assistant.evaluation.questions import Question
from assistant.reader import Calibration, Reading, SpanReader, combined, features
from assistant.retrieval import Hit, retrieve
from assistant.spans import Window
from models.training import haystack as stacks

_RETRIEVED = 40
_RESAMPLES = 300


@dataclass(frozen=True)
class Read:
    """One asking of a question: what was read, how right each answer is (token F1, 0…1), whether any document says."""

    readings: list[Reading]
    right: np.ndarray
    answerable: bool


class RememberingReader(SpanReader):
    """The product's reader, with a memory of the windows that it has read."""

    _memory: dict[tuple[int, ...], np.ndarray] | None = None

    def scores_in_turn(self, groups: Sequence[Sequence[Window]]) -> Generator[list[np.ndarray]]:
        """As the reader does, each window once."""
        self._memory = {} if self._memory is None else self._memory
        new = {tuple(w.ids): w for group in groups for w in group if tuple(w.ids) not in self._memory}
        self._memory |= zip(new, *super().scores_in_turn([list(new.values())]), strict=True)
        for group in groups:
            yield [self._memory[tuple(w.ids)] for w in group]


def ask_twice(
    reader: SpanReader, haystacks: Iterable[stacks.Haystack], embedder: stacks.RememberingEmbedder
) -> Iterator[Read]:
    """Each question of each haystack, with and without the document that answers."""
    for question, hits in _retrieved(haystacks, embedder):
        holders = {document for document, _ in stacks.gold_sentences(question)}
        yield from _read(reader, question, hits, answerable=True)
        without = [hit for hit in hits if hit.passage.document not in holders]
        yield from _read(reader, question, without, answerable=False)


def ask_once(
    reader: SpanReader, haystacks: Iterable[stacks.Haystack], embedder: stacks.RememberingEmbedder
) -> Iterator[Read]:
    """Each question of each haystack as it is, near misses too."""
    for question, hits in _retrieved(haystacks, embedder):
        yield from _read(reader, question, hits, answerable=not question.unanswerable)


def _retrieved(
    haystacks: Iterable[stacks.Haystack], embedder: stacks.RememberingEmbedder
) -> Iterator[tuple[Question, list[Hit]]]:
    for stack in haystacks:
        with stacks.library_of(stack, embedder) as library:
            for question in stack.questions:
                yield question, retrieve(library, question.question, _RETRIEVED)


def _read(reader: SpanReader, question: Question, hits: Sequence[Hit], *, answerable: bool) -> Iterator[Read]:
    """The asking, if anything could be read."""
    readings, gold = reader.readings(question.question, hits[:PASSAGES_READ]), stacks.gold_sentences(question)
    if readings:
        right = [_right(reading, question, gold) if answerable else 0.0 for reading in readings]
        yield Read(readings, np.array(right), answerable)


def _right(reading: Reading, question: Question, gold: set[tuple[str, int]]) -> float:
    """Token F1 of an answer from a gold sentence; any other is a coincidence, and wrong."""
    sentence = reading.hit.passage.focused
    if (sentence.document, sentence.start) not in gold:
        return 0.0
    answer = sentence.text[reading.start - sentence.start : reading.end - sentence.start]
    return token_f1(answer, question.answers, normalise_french)


def fit(read: Sequence[Read]) -> Calibration:
    """The weights that the readings of answerable and unanswerable questions make likeliest, and the threshold."""
    retrieval = _fit_retrieval([one for one in read if one.right.any()])
    values, right, answerable = best_answers(read, retrieval)
    weights, confidence = _fit_weights(values, right, answerable)
    return Calibration(retrieval, weights, best_threshold(confidence, answerable))


def best_threshold(confidence: np.ndarray, answerable: np.ndarray) -> float:
    """Where has- and no-answer F1 together are highest, 0…1: the mean of all that are best in _RESAMPLES draws of as
    many askings (bagging; Breiman 1996), since they hardly change over a wide range, in which one best is chance."""
    chance, thresholds = np.random.default_rng(0), np.arange(0.02, 0.6, 0.005)
    best = []
    for _ in range(_RESAMPLES):
        drawn = chance.integers(0, len(confidence), len(confidence))
        sure, said = confidence[drawn], answerable[drawn]
        sums = np.array([sum(f1s(sure, said, threshold)) for threshold in thresholds])
        best.append(thresholds[sums == sums.max()].mean())
    return round(float(np.mean(best)), 3)


def _fit_weights(values: np.ndarray, right: np.ndarray, answerable: np.ndarray) -> tuple[tuple[float, ...], np.ndarray]:
    """Weights of what is WEIGHED, and the confidences that they give."""
    said = LogisticRegression(C=100).fit(values, answerable)
    # What tells best whether the documents say is kept, and its scale changed so that the confidence is the F1 to
    # expect: each answer counts as right by its F1 and as wrong by the rest.
    logits = said.decision_function(values)[:, None]
    both = np.concatenate([np.ones(len(right)), np.zeros(len(right))])
    scale = LogisticRegression(C=100).fit(
        np.concatenate([logits, logits]), both, sample_weight=np.concatenate([right, 1 - right])
    )
    slope, shift = float(scale.coef_[0][0]), float(scale.intercept_[0])
    weights = (shift + slope * float(said.intercept_[0]), *(slope * float(weight) for weight in said.coef_[0]))
    return weights, scale.predict_proba(logits)[:, 1]


def _fit_retrieval(read: Sequence[Read]) -> float:
    """A conditional logit (McFadden 1974) with one free scale: the best reading chosen among those of its question."""
    widest = max(len(one.readings) for one in read)
    margins, evidence = np.full((len(read), widest), -np.inf), np.zeros((len(read), widest))
    for row, one in enumerate(read):
        margins[row, : len(one.readings)] = [reading.margin for reading in one.readings]
        evidence[row, : len(one.readings)] = [reading.hit.evidence.score for reading in one.readings]
    best = np.array([one.right.argmax() for one in read])[:, None]

    def loss(weight: float) -> float:
        # As `combined` does, for all of them at once.
        scores = margins + weight * evidence

        def scaled(logarithm: float) -> float:
            values = np.exp(logarithm) * scores
            chosen = np.take_along_axis(values, best, axis=1)[:, 0]
            return float((logsumexp(values, axis=1) - chosen).mean())

        return float(minimize(lambda x: scaled(x[0]), [0.0], method="Nelder-Mead", options={"maxiter": 25}).fun)

    return float(minimize_scalar(loss, bounds=(0.0, 4.0), method="bounded", options={"xatol": 0.02}).x)


def best_answers(read: Sequence[Read], retrieval: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features and rightness of the best answer of each asking, and whether there was anything to find."""
    values, right = [], []
    for one in read:
        scores = [combined(reading, retrieval) for reading in one.readings]
        best = int(np.argmax(scores))
        values.append(features(one.readings[best]))
        right.append(one.right[best])
    return np.array(values), np.array(right), np.array([one.answerable for one in read])


def f1s(confidence: np.ndarray, answerable: np.ndarray, threshold: float) -> tuple[float, float]:
    """Has-answer and no-answer F1 of answering where the confidence reaches the threshold."""
    said = confidence >= threshold
    has = 2 * (said & answerable).sum() / max((said.sum() + answerable.sum()), 1)
    no = 2 * (~said & ~answerable).sum() / max(((~said).sum() + (~answerable).sum()), 1)
    return float(has), float(no)
