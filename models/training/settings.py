"""TOML file → frozen dataclass: every number of a recipe is in `configs/`, and an unknown key is an error."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

Settings = TypeVar("Settings")
CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True)
class Places:
    """Where a step reads and writes: `data` is the reference data, `work` holds caches and checkpoints, `models` the
    products."""

    data: Path
    work: Path
    models: Path


def read_settings(kind: type[Settings], path: Path) -> Settings:
    """Read `path` into the dataclass `kind`; missing keys take the dataclass's defaults."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = set(values) - {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if unknown:
        raise ValueError(f"{path}: unknown keys {', '.join(sorted(unknown))}")
    return kind(**values)
