"""Readers that went on from one another → the mean of their weights (Wortsman et al., arXiv 2203.05482)."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from safetensors.torch import load_file, save_file

from models.training.settings import Places

_WEIGHTS = ("model.safetensors", "head.safetensors")


@dataclass(frozen=True)
class MixingSettings:
    """`parts`: folders under `work`, and the share of each, which together are 1; the first one's other files stay."""

    name: str = "reader-mixed"
    parts: dict[str, float] = field(default_factory=dict)


def mix_readers(places: Places, settings: MixingSettings) -> Path:
    """Write the mean as `work/<name>`."""
    target = places.work / settings.name
    shutil.copytree(places.work / next(iter(settings.parts)), target, dirs_exist_ok=True)
    for file in _WEIGHTS:
        of_each = [(load_file(places.work / name / file), share) for name, share in settings.parts.items()]
        first, _ = of_each[0]
        mean = {name: sum(one[name].float() * share for one, share in of_each).to(first[name].dtype) for name in first}
        save_file(mean, target / file, metadata={"format": "pt"})
    return target
