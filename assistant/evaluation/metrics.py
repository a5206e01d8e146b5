"""One question's answer, citations and rank, or all questions' columns → figures. Pure: no clock, no chance, no I/O.

Two kinds of function. The *scores* judge one question. The *statistics* sum up columns with one entry a question; they
take `weights`, shape (resamples, questions): how often each question counts in each resample, and return one figure a
resample, NaN where no question is eligible. A plain figure is the statistic at one row of ones (`plain`); a bootstrap
is the same statistic at drawn weights (intervals.py).
"""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.normalisation import Normaliser

Column = NDArray[np.float64]
Mask = NDArray[np.bool_]
Weights = NDArray[np.int64]
Numbers = NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CitationScores:
    """How well one answer's citations support it; each in 0…1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bar of a reliability diagram: answers whose confidence lies in lower…upper (upper excluded, but for 1)."""

    lower: float
    upper: float
    count: int
    confidence: float
    outcome: float


def exact_match(answer: str, golds: Sequence[str], normalise: Normaliser) -> float:
    """1 if the answer equals a gold answer once both are normalised, else 0.

    "" as an answer, or no golds, stand for "not in the documents". Source: SQuAD v2.0, `compute_exact`, best of golds.
    """
    return max(float(normalise(answer) == normalise(gold)) for gold in _golds(golds, normalise))


def token_f1(answer: str, golds: Sequence[str], normalise: Normaliser) -> float:
    """Best F1 (0…1) between the bags of normalised words of the answer and of a gold answer.

    Where either has no words, 1 if both have none, else 0. Source: SQuAD v2.0, `compute_f1`, best of golds.
    """
    words = normalise(answer).split()
    return max(_bag_f1(words, normalise(gold).split()) for gold in _golds(golds, normalise))


def citation_scores(cited: Set[object], gold: Set[object]) -> CitationScores:
    """Precision, recall and F1 of the cited sentences.

    Gold sentences are alternatives: each supports the answer alone, so citing one of them is full recall. Precision is
    the share of the cited sentences that are gold. No citation, no credit: all three are 0 (many tools report 1 there).
    """
    hits = len(cited & gold)
    if not hits:
        return CitationScores(0.0, 0.0, 0.0)
    precision = hits / len(cited)
    return CitationScores(precision, 1.0, 2 * precision / (precision + 1))


def unsupported_share(supported: Sequence[bool]) -> float | None:
    """Of a chat model's statements, the share that their citations do not support; None if it made none."""
    return None if not supported else supported.count(False) / len(supported)


def gold_rank(ranked: Sequence[object], gold: Set[object]) -> int | None:
    """Place of the first gold sentence in a ranking, 1 for the top; None if it is not there."""
    return next((place for place, sentence in enumerate(ranked, 1) if sentence in gold), None)


def recall_at(rank: int | None, k: int) -> float:
    """1 if the first gold sentence is among the first k, else 0."""
    return float(rank is not None and rank <= k)


def reciprocal_rank(rank: int | None) -> float:
    """1/rank, 0 if not found; its mean is the MRR."""
    return 0.0 if rank is None else 1.0 / rank


def plain(questions: int) -> Weights:
    """Weights that count every question once, shape (1, questions)."""
    return np.ones((1, questions), dtype=np.int64)


def mean(values: Column, eligible: Mask, weights: Weights) -> Column:
    """Mean of `values` over the eligible questions."""
    return _ratio(np.where(eligible, values, 0.0), eligible, weights)


def abstention_precision(abstained: Mask, unanswerable: Mask, weights: Weights) -> Column:
    """Of the questions not answered, the share that the documents indeed do not answer; 0 if all were answered."""
    some_unanswerable = weights @ unanswerable > 0
    precision = _ratio(abstained & unanswerable, abstained, weights)
    return np.where(some_unanswerable, np.nan_to_num(precision), np.nan)


def abstention_recall(abstained: Mask, unanswerable: Mask, weights: Weights) -> Column:
    """Of the questions that the documents do not answer, the share that were not answered."""
    return _ratio(abstained & unanswerable, unanswerable, weights)


def abstention_f1(abstained: Mask, unanswerable: Mask, weights: Weights) -> Column:
    """Harmonic mean of abstention precision and recall, as 2 hits / (abstained + unanswerable)."""
    both = abstained.astype(np.int64) + unanswerable
    f1 = _ratio(2 * (abstained & unanswerable), both, weights)
    return np.where(weights @ unanswerable > 0, f1, np.nan)


def area_under_risk_coverage(confidence: Column, loss: Column, answered: Mask, weights: Weights) -> Column:
    """Mean loss of the k most confident answers, averaged over k = 1…all answers; 0 is perfect, 1 is worst.

    Answers of equal confidence have no order: each k inside a tie takes the tie's expected loss, which sums to a
    difference of harmonic numbers. Source: Geifman and El-Yaniv, Selective Classification for Deep Neural Networks
    (2017).
    """
    if not answered.any():
        return np.full(len(weights), np.nan)
    counts, losses = _by_confidence(confidence[answered], loss[answered], weights[:, answered])
    seen, lost = counts.cumsum(axis=1), losses.cumsum(axis=1)
    mean_loss = losses / np.maximum(counts, 1)
    harmonic = np.concatenate(([0.0], (1 / np.arange(1, seen.max(initial=0) + 1)).cumsum()))
    steps = harmonic[seen] - harmonic[seen - counts]
    carried = (lost - losses) - (seen - counts) * mean_loss
    return _divide((losses + carried * steps).sum(axis=1), seen[:, -1])


def risk_coverage_curve(confidence: Column, loss: Column, answered: Mask) -> tuple[Column, Column]:
    """Coverage (share of all questions answered) and risk (mean loss so far) at each distinct confidence, falling."""
    if not answered.any():
        return np.empty(0), np.empty(0)
    counts, losses = _by_confidence(confidence[answered], loss[answered], plain(int(answered.sum())))
    seen = counts[0].cumsum()
    return seen / len(answered), losses[0].cumsum() / seen


def expected_calibration_error(
    confidence: Column, outcome: Column, answered: Mask, weights: Weights, bins: int = 10
) -> Column:
    """Mean gap between confidence and outcome (both 0…1) over equal-width bins, each counted by its answers.

    0 is perfect. Source: Guo et al., On Calibration of Modern Neural Networks (2017); the outcome may be graded (token
    F1) instead of 0 or 1.
    """
    member = _bin_of(confidence, bins)[:, None] == np.arange(bins)
    gaps = weights @ (member * np.where(answered, confidence - outcome, 0.0)[:, None])
    return _divide(np.abs(gaps).sum(axis=1), weights @ answered)


def reliability_bins(confidence: Column, outcome: Column, answered: Mask, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """The non-empty bars that `expected_calibration_error` sums up, from low to high confidence."""
    place = _bin_of(confidence, bins)
    members = [(i, answered & (place == i)) for i in range(bins)]
    return tuple(
        ReliabilityBin(i / bins, (i + 1) / bins, int(m.sum()), float(confidence[m].mean()), float(outcome[m].mean()))
        for i, m in members
        if m.any()
    )


def quantile(values: Column, q: float, weights: Weights) -> Column:
    """The q-quantile (0…1) of `values`, interpolated linearly between neighbours as `numpy.quantile` does."""
    order = np.argsort(values, kind="stable")
    seen = weights[:, order].cumsum(axis=1)
    place = (seen[:, -1] - 1) * q
    below, above = np.floor(place), np.ceil(place)
    low, high = (values[order][(seen > at[:, None]).argmax(axis=1)] for at in (below, above))
    return np.asarray(low + (high - low) * (place - below), dtype=np.float64)


def rate(seconds: Column, weights: Weights) -> Column:
    """Questions a second: questions divided by the seconds that they took."""
    return _ratio(np.ones_like(seconds), seconds, weights)


def _golds(golds: Sequence[str], normalise: Normaliser) -> Sequence[str]:
    # As the official script: gold answers that normalise to nothing do not count; none left means "no answer".
    return [gold for gold in golds if normalise(gold)] or [""]


def _bag_f1(words: Sequence[str], gold: Sequence[str]) -> float:
    if not words or not gold:
        return float(words == gold)
    common = (Counter(words) & Counter(gold)).total()
    return 2 * common / (len(words) + len(gold))


def _ratio(numerators: Numbers, denominators: Numbers, weights: Weights) -> Column:
    return _divide(weights @ numerators.astype(np.float64), weights @ denominators.astype(np.float64))


def _divide(numerator: Numbers, denominator: Numbers) -> Column:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / np.where(denominator > 0, denominator, np.nan), dtype=np.float64)


def _by_confidence(confidence: Column, loss: Column, weights: Weights) -> tuple[Weights, Column]:
    """Counts and summed losses of each distinct confidence, falling: two arrays of shape (resamples, distinct)."""
    order = np.argsort(-confidence, kind="stable")
    starts = np.flatnonzero(np.diff(-confidence[order], prepend=np.nan))
    drawn = weights[:, order]
    return np.add.reduceat(drawn, starts, axis=1), np.add.reduceat(drawn * loss[order], starts, axis=1)


def _bin_of(confidence: Column, bins: int) -> NDArray[np.int64]:
    return np.clip((confidence * bins).astype(np.int64), 0, bins - 1)
