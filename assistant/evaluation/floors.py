"""`name=value` as typed after --fail-under → a floor under a figure, and which floors a report falls below."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.errors import BadRequest
from assistant.evaluation.columns import Depth
from assistant.evaluation.figures import Figure
from assistant.evaluation.measures import MEASURES, Measure
from assistant.evaluation.report import shown

# A name alone means what a user gets, if there is such a figure end to end.
_LOOKED_UP: tuple[Depth, ...] = ("end_to_end", "retrieval", "reading")


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a figure may be."""

    depth: Depth
    measure: Measure
    value: float


def parse_floor(text: str) -> Floor:
    """Read `f1=0.8` or `reading.f1=0.8`. Raises BadRequest for anything that is no floor under a known figure."""
    name, _, number = text.partition("=")
    depth, measure = _find(name.strip())
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadRequest(f"--fail-under {text}: {number!r} is no number.", "Type: assistant eval --fail-under f1=0.8")
    return Floor(depth, measure, value)


def falls_below(floors: Sequence[Floor], figures: Sequence[Figure]) -> Iterator[str]:
    """Say which floors are not reached; a figure without any eligible question reaches none."""
    found = {(figure.depth, figure.measure.name): figure.value for figure in figures}
    for floor in floors:
        value = found[floor.depth, floor.measure.name]
        if value is None or value < floor.value:
            least = shown(floor.measure, floor.value)
            yield f"{floor.depth}.{floor.measure.name} is {shown(floor.measure, value)}, below {least}"


def _find(name: str) -> tuple[Depth, Measure]:
    known = {f"{depth}.{m.name}": (depth, m) for depth in _LOOKED_UP for m in MEASURES[depth] if m.higher_is_better}
    for full_name in (name, *(f"{depth}.{name}" for depth in _LOOKED_UP)):
        if full_name in known:
            return known[full_name]
    raise BadRequest(
        f"--fail-under {name}: there is no such figure for which more is better.",
        f"Type assistant eval --fail-under f1=0.8, or another of: {', '.join(known)}.",
    )
