"""Readers trained from one start → one reader, the mean of their weights (Wortsman et al., arXiv 2203.05482)."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from models.training.settings import Places


@dataclass(frozen=True)
class ReaderMeanSettings:
    """`name`: of the mean's folder under `work`. `weights`: of the folders there that it is the mean of."""

    name: str = "reader-mean"
    weights: dict[str, float] = field(default_factory=dict)


def average_readers(places: Places, settings: ReaderMeanSettings) -> Path:
    """Write `work/<name>`, in the precision of the first folder."""
    target, sources = places.work / settings.name, [places.work / folder for folder in settings.weights]
    weights = list(settings.weights.values())
    shutil.copytree(sources[0], target, dirs_exist_ok=True)
    for name in ("model.safetensors", "head.safetensors"):
        parts = [load_file(folder / name) for folder in sources]
        mean = {
            key: np.average([part[key].astype(np.float32) for part in parts], 0, weights).astype(value.dtype)
            for key, value in parts[0].items()
        }
        save_file(mean, target / name, metadata={"format": "pt"})
    return target
