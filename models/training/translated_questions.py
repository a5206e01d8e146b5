"""`translated/*.jsonl` → people's English questions in French, with their texts, and crossed: each asked of the other
language's text. Which, and who translated them: `translated/README.md`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.training.data import Question, files_version, read_lines

TRANSLATED = Path(__file__).parent / "translated"
"""Its records hold French texts; `of` is the number of the English question in the reference data."""
CROSSED = ("new_wiki", "squad2")
"""Files whose French questions ask what the English ones do; of others, some were asked anew."""

_NOWHERE = (-1, -1)


def translated_version() -> str:
    """A checksum of the translations."""
    return files_version(_files())


def read_translated(data: Path) -> list[Question]:
    """Source "translated": French questions on French texts. "crossed", of CROSSED: English ones on those, and French
    ones on the English texts."""
    english = _english(data)
    return [
        one
        for path in _files()
        for record in map(json.loads, path.read_text(encoding="utf-8").splitlines())
        for asked in record["asked"]
        for one in _questions(record["text"], asked, english[asked["of"]] if path.stem in CROSSED else None)
    ]


def _files() -> list[Path]:
    return sorted(TRANSLATED.glob("*.jsonl"))


def _english(data: Path) -> dict[str, dict[str, Any]]:
    records = map(json.loads, read_lines(data / "qa_train/en.jsonl.gz"))
    return {record["id"]: record for record in records}


def _questions(text: str, asked: dict[str, Any], original: dict[str, Any] | None) -> Iterator[Question]:
    here = _place(asked["start"], asked["answer"])
    yield Question(asked["question"], text, *here, "translated", "fr")
    if original is None:
        return
    there = next((_place(one["start"], one["text"]) for one in original["answers"]), _NOWHERE)
    yield Question(original["question"], text, *here, "crossed", "fr")
    yield Question(asked["question"], original["context"], *there, "crossed", "en")


def _place(start: int, answer: str) -> tuple[int, int]:
    return (start, start + len(answer)) if answer else _NOWHERE
