"""Rows of a run → Report, and a report → JSON, stable from format 1 on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.columns import Depth
from assistant.evaluation.comparison import FORMAT, Comparison
from assistant.evaluation.datasets import Problem
from assistant.evaluation.figures import Difference, Figure, Rows
from assistant.evaluation.intervals import RESAMPLES
from assistant.evaluation.measures import WRITING, Measure
from assistant.lexicon import Language

DEPTH_NAMES: dict[Depth, str] = {"retrieval": "retrieval", "reading": "reading", "end_to_end": "end to end"}
DEPTH_TITLES: dict[Depth, str] = {
    "retrieval": "Retrieval: the gold sentence among those ranked",
    "reading": "Reading: answered from the gold paragraph",
    "end_to_end": "End to end: retrieved, read, cited or abstained",
}

_OVERVIEW = {
    "r@1": "R@1",
    "r@5": "R@5",
    "r@20": "R@20",
    "mrr": "MRR",
    "em": "EM",
    "f1": "F1",
    "citation_f1": "cited",
    "abstention_f1": "abst.",
}
OVERVIEW_COLUMNS = tuple(_OVERVIEW.values())
OVERVIEW_NOTE = "cited, abst.: F1 of citations and of abstention"


@dataclass(frozen=True, slots=True)
class Setting:
    """What was evaluated: the question file and how many of its questions, the library, and the models."""

    questions: str
    asked: int
    documents: int
    sentences: int
    reader: str
    embedder: str
    language: Language
    seed: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run found.

    `rows` are fewer than asked for if it was interrupted; `skipped` records could not be used, `repaired` ones were put
    right.
    """

    setting: Setting
    rows: Rows
    figures: tuple[Figure, ...]
    comparison: Comparison | None = None
    skipped: tuple[Problem, ...] = ()
    repaired: tuple[Problem, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Whether questions were left unasked."""
        return len(self.rows) < self.setting.asked

    def figures_of(self, depth: Depth) -> list[Figure]:
        """The figures to show of a depth: all but those that only repeat exact match and F1 under another name, and
        those of a chat model's writing where none was asked.
        """
        repeated = {f"{name}_{self.setting.language}" for name in ("em", "f1")}
        shown = [f for f in self.figures if f.depth == depth and f.measure.name not in repeated]
        return [f for f in shown if f.eligible or f.measure not in WRITING]

    @property
    def notices(self) -> list[str]:
        """What a reader of the figures must know beside them."""
        left_out = [f"left out: {problem}" for problem in self.skipped]
        repaired = [f"put right: {problem}" for problem in self.repaired]
        interrupted = ["interrupted: the figures are those of the questions done."] if self.interrupted else []
        return left_out + repaired + interrupted


def describe(report: Report) -> list[str]:
    """What was evaluated and how, in sentences."""
    setting = report.setting
    done = f"{len(report.rows):,} of " if report.interrupted else ""
    language = {"fr": "French", "en": "English"}[setting.language]
    return [
        f"{setting.questions}: {done}{plural(setting.asked, 'question')} over "
        f"{plural(setting.documents, 'document')}, {plural(setting.sentences, 'sentence')}.",
        f"Reader {setting.reader}, embedder {setting.embedder}.",
        f"Exact match and token F1 after {language} normalisation unless another is named; "
        f"95 % intervals of {RESAMPLES:,} bootstrap resamples, seed {setting.seed}.",
    ]


def overview(report: Report) -> list[tuple[str, ...]]:
    """One row a depth: its name, and a value or nothing for each of OVERVIEW_COLUMNS."""
    values = {(f.depth, f.measure.name): shown(f.measure, f.value) for f in report.figures}
    return [(name, *(values.get((depth, figure), "") for figure in _OVERVIEW)) for depth, name in DEPTH_NAMES.items()]


def shown(measure: Measure, value: float | None, sign: str = "") -> str:
    """A value as people read it: shares to three decimals, seconds in milliseconds; `sign` "+" for differences."""
    if value is None:
        return "–"
    if measure.unit == "seconds":
        return f"{1000 * value:{sign}.0f} ms"
    return f"{value:{sign}.1f}" if measure.unit == "per second" else f"{value:{sign}.3f}"


def shown_interval(measure: Measure, interval: tuple[float, float] | None, sign: str = "") -> str:
    """An interval as people read it."""
    return "–" if interval is None else " … ".join(shown(measure, bound, sign) for bound in interval)


def shown_difference(change: Difference) -> tuple[str, str, str, str]:
    """Old value, new value, new − old, and its interval."""
    measure = change.measure
    values = shown(measure, change.old), shown(measure, change.new), shown(measure, change.new - change.old, "+")
    return (*values, shown_interval(measure, change.interval, "+"))


def as_json(report: Report) -> dict[str, Any]:
    """The report as --json writes it and --compare reads it."""
    setting = report.setting
    return {
        "format": FORMAT,
        "setting": {name: getattr(setting, name) for name in setting.__slots__},
        "interrupted": report.interrupted,
        "skipped": [str(problem) for problem in report.skipped],
        "repaired": [str(problem) for problem in report.repaired],
        "figures": _figures_as_json(report.figures),
        "comparison": None if report.comparison is None else _comparison_as_json(report.comparison),
        "questions": list(report.rows),
    }


def _figures_as_json(found: Sequence[Figure]) -> dict[str, dict[str, Any]]:
    by_depth: dict[str, dict[str, Any]] = {}
    for figure in found:
        value = {"value": figure.value, "interval": figure.interval, "eligible": figure.eligible}
        by_depth.setdefault(figure.depth, {})[figure.measure.name] = value
    return by_depth


def _comparison_as_json(comparison: Comparison) -> dict[str, Any]:
    changes: dict[str, dict[str, Any]] = {}
    for change in comparison.differences:
        value: dict[str, Any] = {"old": change.old, "new": change.new, "difference": change.new - change.old}
        value |= {"interval": change.interval, "eligible": change.eligible}
        changes.setdefault(change.depth, {})[change.measure.name] = value
    flips = [{name: getattr(flip, name) for name in flip.__slots__} for flip in comparison.flips]
    counts = {"old": comparison.old, "questions": comparison.questions, "left_out": comparison.left_out}
    return counts | {"differences": changes, "flips": flips}


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}" + ("s" if count != 1 else "")
