"""Report → tables on a terminal, with rich."""

from collections.abc import Iterator, Sequence
from typing import IO

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from assistant.evaluation.comparison import Comparison, Flip
from assistant.evaluation.figures import Figure
from assistant.evaluation.report import (
    DEPTH_NAMES,
    DEPTH_TITLES,
    OVERVIEW_COLUMNS,
    OVERVIEW_NOTE,
    Report,
    describe,
    overview,
    plural,
    shown,
    shown_difference,
    shown_interval,
)

_FLIPS_SHOWN = 20


def print_report(report: Report, file: IO[str]) -> None:
    """Print a report to `file`; colours only on a terminal."""
    console = Console(file=file, highlight=False)
    for part in _parts(report):
        console.print(part, soft_wrap=isinstance(part, Text))


def _parts(report: Report) -> Iterator[RenderableType]:
    for line in describe(report):
        yield Text(line)
    yield _overview(report)
    for depth, title in DEPTH_TITLES.items():
        yield _details(title, report.figures_of(depth))
    if report.comparison is not None:
        yield from _comparison(report.comparison)


def _overview(report: Report) -> Table:
    table = _table("", "", *OVERVIEW_COLUMNS)
    table.caption = OVERVIEW_NOTE
    for row in overview(report):
        table.add_row(*row)
    return table


def _details(title: str, figures: Sequence[Figure]) -> Table:
    table = _table(title, "figure", "value", "95 % interval", "questions")
    for figure in figures:
        interval = shown_interval(figure.measure, figure.interval)
        table.add_row(figure.measure.label, shown(figure.measure, figure.value), interval, f"{figure.eligible:,}")
    return table


def _comparison(comparison: Comparison) -> Iterator[RenderableType]:
    yield Text(f"Against {comparison.old}: {comparison.questions:,} questions in common, {comparison.left_out:,} not")
    for depth, name in DEPTH_NAMES.items():
        table = _table(name.capitalize(), "figure", "old", "new", "difference", "95 % interval")
        for change in comparison.differences_of(depth):
            # A difference that its interval tells from none stands out.
            table.add_row(change.measure.label, *shown_difference(change), style="bold" if change.is_sure else "")
        yield table
    yield from _flips(comparison.flips)


def _flips(flips: Sequence[Flip]) -> Iterator[Text]:
    for what in ("answer", "citation"):
        for better, word in ((True, "right"), (False, "wrong")):
            found = [flip for flip in flips if (flip.what, flip.better) == (what, better)]
            yield Text(f"{plural(len(found), 'question')} whose {what} became {word}", style="bold")
            for flip in found[:_FLIPS_SHOWN]:
                yield Text(f"  {flip.id}  {flip.question}\n    {_said(flip.old_answer)} → {_said(flip.new_answer)}")
            if len(found) > _FLIPS_SHOWN:
                yield Text(f"  … and {len(found) - _FLIPS_SHOWN} more: see --json or --html")


def _said(answer: str | None) -> str:
    return "(abstained)" if answer is None else answer


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(first, overflow="fold", min_width=10)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
