"""Rows of one depth → arrays with one entry a question. Where a depth does not apply, a question's entry is 0."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from assistant.evaluation.metrics import Column, Mask

Depth = Literal["retrieval", "reading", "end_to_end"]
DEPTHS: tuple[Depth, ...] = ("retrieval", "reading", "end_to_end")


class Columns:
    """One depth of a run. Raises KeyError or TypeError for rows that are none."""

    def __init__(self, rows: Sequence[dict[str, Any]], depth: Depth) -> None:
        self.questions = len(rows)
        self._outcomes = [None if depth == "retrieval" else row[depth] for row in rows]
        self._ranks: list[int | None] = [row["rank"] for row in rows]
        self.has_gold = _mask(row["gold"] for row in rows)
        self.present = _mask(self._outcomes)
        self.answered = _mask(outcome and outcome["answer"] is not None for outcome in self._outcomes)
        self.abstained = self.present & ~self.answered
        self.unanswerable = self.present & _mask(row["unanswerable"] for row in rows)
        self.answerable = self.present & ~self.unanswerable

    def ranked(self, score: Any) -> Column:
        """`score` of each rank (1 or more, or None)."""
        return _column(score(rank) for rank in self._ranks)

    def number(self, name: str) -> Column:
        """A number of each outcome: its confidence or its seconds."""
        return _column(outcome[name] if outcome else 0.0 for outcome in self._outcomes)

    def score(self, name: str) -> Column:
        """A score of each outcome; 0 where it is not eligible, or was not known yet when the run was made."""
        return _column((outcome and outcome["scores"].get(name)) or 0.0 for outcome in self._outcomes)

    def eligible(self, name: str) -> Mask:
        """The questions whose outcome is eligible for a score."""
        return _mask(outcome and outcome["scores"].get(name) is not None for outcome in self._outcomes)


def _mask(values: Iterable[Any]) -> Mask:
    return np.array([bool(value) for value in values], dtype=np.bool_)


def _column(values: Iterable[float]) -> Column:
    return np.array(list(values), dtype=np.float64)
