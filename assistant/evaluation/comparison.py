"""The report of an old run + the rows of a new one → paired differences, and which questions flipped.

Only questions that both runs hold, by id and wording, are compared.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import BadRequest
from assistant.evaluation.columns import DEPTHS, Columns, Depth
from assistant.evaluation.figures import Difference, Rows, differences
from assistant.evaluation.measures import MEASURES

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose answer (by exact match) or citation (by a gold sentence cited) became right or wrong."""

    what: str
    better: bool
    id: str
    question: str
    old_answer: str | None
    new_answer: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new run against an old one over `questions` in common; `left_out` questions are in only one of them."""

    old: str
    questions: int
    left_out: int
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]

    def differences_of(self, depth: Depth) -> list[Difference]:
        """The differences to show of a depth: all but exact match and F1 in their other normalisations."""
        return [change for change in self.differences if change.depth == depth and not change.measure.is_variant]


def load_rows(path: Path) -> Rows:
    """The rows of a report that --json wrote. Raises BadRequest for anything else."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        rows: list[dict[str, Any]] = report["questions"]
        _check(rows)
    except OSError as error:
        raise _no_report(path, error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _no_report(path, "it is no report of assistant eval") from error
    if report.get("format") != FORMAT:
        raise _no_report(path, "another version of assistant wrote it")
    return rows


def compare(old_name: str, old: Rows, new: Rows, seed: int) -> Comparison:
    """Pair the rows of two runs and compare them; `seed` is that of the bootstrap."""
    earlier = {(row["id"], row["question"]): row for row in old}
    pairs = [(earlier[key], row) for row in new if (key := (row["id"], row["question"])) in earlier]
    left_out = len(old) + len(new) - 2 * len(pairs)
    if not pairs:
        return Comparison(old_name, 0, left_out, (), ())
    changes = differences([before for before, _ in pairs], [after for _, after in pairs], seed)
    return Comparison(old_name, len(pairs), left_out, tuple(changes), tuple(_flips(pairs)))


def _check(rows: Rows) -> None:
    for row in rows:
        _ = row["id"] + row["question"]
    for depth in DEPTHS:
        columns = Columns(rows, depth)
        for measure in MEASURES[depth]:
            measure.of(columns)


def _flips(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[Flip]:
    flips = []
    for what, score in (("answer", "em"), ("citation", "citation_recall")):
        for old, new in pairs:
            before, after = (row["end_to_end"]["scores"][score] for row in (old, new))
            if before is not None and after is not None and before != after:
                answers = (row["end_to_end"]["answer"] for row in (old, new))
                flips.append(Flip(what, after > before, new["id"], new["question"], *answers))
    return sorted(flips, key=lambda flip: (flip.what, flip.better))


def _no_report(path: Path, why: str) -> BadRequest:
    return BadRequest(
        f"cannot compare with {path}: {why}.", "Name a file that an earlier run wrote: assistant eval --json OLD.json"
    )
