"""Rows → Figures: the metrics of each depth with 95 % intervals and eligible counts, of one run or of two compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.evaluation.columns import DEPTHS, Columns, Depth
from assistant.evaluation.intervals import Statistic, bootstrap
from assistant.evaluation.measures import MEASURES, Measure
from assistant.evaluation.metrics import Column, Weights, plain

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure's value and 95 % interval over `eligible` questions; None where no question is."""

    depth: Depth
    measure: Measure
    value: float | None
    interval: tuple[float, float] | None
    eligible: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure in an old and a new run of the same questions; `interval` is that of new − old, paired by question."""

    depth: Depth
    measure: Measure
    old: float
    new: float
    interval: tuple[float, float] | None
    eligible: int

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def figures(rows: Rows, seed: int) -> list[Figure]:
    """All figures of a run, depth by depth; `seed` is that of the bootstrap."""
    return [figure for depth in DEPTHS for figure in _figures_of(rows, depth, seed)]


def differences(old: Rows, new: Rows, seed: int) -> list[Difference]:
    """What changed between two runs of the same questions, in the same order, where both have a figure."""
    return [difference for depth in DEPTHS for difference in _differences_of(old, new, depth, seed)]


def _figures_of(rows: Rows, depth: Depth, seed: int) -> list[Figure]:
    columns = Columns(rows, depth)
    measured = {measure: measure.of(columns) for measure in MEASURES[depth]}
    intervals = bootstrap({m.name: statistic for m, (statistic, _) in measured.items()}, len(rows), seed)
    return [
        Figure(depth, measure, _value(statistic, len(rows)), intervals[measure.name], eligible)
        for measure, (statistic, eligible) in measured.items()
    ]


def _differences_of(old: Rows, new: Rows, depth: Depth, seed: int) -> list[Difference]:
    before, after = Columns(old, depth), Columns(new, depth)
    pairs = {measure: (measure.of(before)[0], *measure.of(after)) for measure in MEASURES[depth]}
    changes = {measure.name: _minus(later, earlier) for measure, (earlier, later, _) in pairs.items()}
    intervals = bootstrap(changes, len(new), seed)
    found = []
    for measure, (earlier, later, eligible) in pairs.items():
        was, now = _value(earlier, len(old)), _value(later, len(new))
        if was is not None and now is not None:
            found.append(Difference(depth, measure, was, now, intervals[measure.name], eligible))
    return found


def _minus(later: Statistic, earlier: Statistic) -> Statistic:
    def change(weights: Weights) -> Column:
        return later(weights) - earlier(weights)

    return change


def _value(statistic: Statistic, questions: int) -> float | None:
    value = float(statistic(plain(questions))[0])
    return None if np.isnan(value) else value
