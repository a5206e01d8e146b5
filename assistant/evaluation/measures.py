"""Columns of a depth → its statistics: which metrics there are, what they are called, and whom they count."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from assistant.evaluation import metrics
from assistant.evaluation.columns import Columns, Depth
from assistant.evaluation.intervals import Statistic
from assistant.evaluation.metrics import Column, Mask

Unit = Literal["share", "seconds", "per second"]
Measured = tuple[Statistic, int]
"""A statistic, and how many questions are eligible for it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric's definition: `name` as typed and in JSON, `label` as shown. Shares lie in 0…1."""

    name: str
    label: str
    of: Callable[[Columns], Measured]
    higher_is_better: bool = True
    unit: Unit = "share"

    @property
    def is_variant(self) -> bool:
        """Whether it is exact match or token F1 in one particular normalisation."""
        return self.name.startswith(("em_", "f1_"))


def _recall_at(k: int, columns: Columns) -> Measured:
    return _mean(columns.ranked(lambda rank: metrics.recall_at(rank, k)), columns.has_gold)


def _reciprocal_rank(columns: Columns) -> Measured:
    return _mean(columns.ranked(metrics.reciprocal_rank), columns.has_gold)


def _score(name: str, columns: Columns) -> Measured:
    return _mean(columns.score(name), columns.eligible(name))


def _has_answer_f1(columns: Columns) -> Measured:
    return _mean(columns.score("f1"), columns.answerable)


def _no_answer_f1(columns: Columns) -> Measured:
    return _mean(columns.score("f1"), columns.unanswerable)


def _abstention_precision(columns: Columns) -> Measured:
    statistic = partial(metrics.abstention_precision, columns.abstained, columns.unanswerable)
    return statistic, int(columns.abstained.sum()) if columns.unanswerable.any() else 0


def _abstention_recall(columns: Columns) -> Measured:
    statistic = partial(metrics.abstention_recall, columns.abstained, columns.unanswerable)
    return statistic, int(columns.unanswerable.sum())


def _abstention_f1(columns: Columns) -> Measured:
    statistic = partial(metrics.abstention_f1, columns.abstained, columns.unanswerable)
    return statistic, int(columns.present.sum()) if columns.unanswerable.any() else 0


def _risk_coverage(outcome: str, columns: Columns) -> Measured:
    confidence, loss = columns.number("confidence"), 1 - columns.score(outcome)
    statistic = partial(metrics.area_under_risk_coverage, confidence, loss, columns.answered)
    return statistic, int(columns.answered.sum())


def _calibration(outcome: str, columns: Columns) -> Measured:
    confidence = columns.number("confidence")
    statistic = partial(metrics.expected_calibration_error, confidence, columns.score(outcome), columns.answered)
    return statistic, int(columns.answered.sum())


def _latency(q: float, columns: Columns) -> Measured:
    return partial(metrics.quantile, columns.number("seconds"), q), columns.questions


def _rate(columns: Columns) -> Measured:
    return partial(metrics.rate, columns.number("seconds")), columns.questions


def _mean(values: Column, eligible: Mask) -> Measured:
    return partial(metrics.mean, values, eligible), int(eligible.sum())


_RETRIEVAL = (
    Measure("r@1", "sentence R@1", partial(_recall_at, 1)),
    Measure("r@5", "sentence R@5", partial(_recall_at, 5)),
    Measure("r@20", "sentence R@20", partial(_recall_at, 20)),
    Measure("mrr", "MRR", _reciprocal_rank),
)

_ANSWERS = (
    Measure("em", "exact match", partial(_score, "em")),
    Measure("f1", "token F1", partial(_score, "f1")),
    Measure("em_fr", "exact match, French normalisation", partial(_score, "em_fr")),
    Measure("f1_fr", "token F1, French normalisation", partial(_score, "f1_fr")),
    Measure("em_folded", "exact match, French without accents", partial(_score, "em_folded")),
    Measure("f1_folded", "token F1, French without accents", partial(_score, "f1_folded")),
    Measure("em_en", "exact match, English normalisation", partial(_score, "em_en")),
    Measure("f1_en", "token F1, English normalisation", partial(_score, "f1_en")),
    Measure("has_answer_f1", "token F1 where there is an answer", _has_answer_f1),
    Measure("no_answer_f1", "token F1 where there is none", _no_answer_f1),
    Measure("citation_precision", "sentence citation precision", partial(_score, "citation_precision")),
    Measure("citation_recall", "sentence citation recall", partial(_score, "citation_recall")),
    Measure("citation_f1", "sentence citation F1", partial(_score, "citation_f1")),
    Measure("verbatim", "verbatim", partial(_score, "verbatim")),
    Measure("abstention_precision", "abstention precision", _abstention_precision),
    Measure("abstention_recall", "abstention recall", _abstention_recall),
    Measure("abstention_f1", "abstention F1", _abstention_f1),
    Measure("aurc", "area under risk–coverage", partial(_risk_coverage, "f1"), higher_is_better=False),
    Measure("citation_aurc", "the same, risk of a wrong citation", partial(_risk_coverage, "citation_recall"), False),
    Measure("ece", "calibration error", partial(_calibration, "f1"), higher_is_better=False),
    Measure("citation_ece", "the same, against right citations", partial(_calibration, "citation_recall"), False),
)

WRITING = (
    Measure("unsupported", "unsupported statements, share of an answer's", partial(_score, "unsupported"), False),
    Measure("fallback", "the reader replied instead", partial(_score, "fallback"), False),
    Measure("cut", "last statement cut", partial(_score, "cut"), False),
)

_SPEED = (
    Measure("latency_p50", "latency, median", partial(_latency, 0.5), False, "seconds"),
    Measure("latency_p95", "latency, 95th percentile", partial(_latency, 0.95), False, "seconds"),
    Measure("questions_per_second", "questions per second", _rate, True, "per second"),
)

MEASURES: dict[Depth, tuple[Measure, ...]] = {
    "retrieval": _RETRIEVAL,
    "reading": _ANSWERS,
    "end_to_end": _ANSWERS + WRITING + _SPEED,
}
