"""A model and its optimiser ↔ one file, so that a stopped training goes on where it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import torch

from models.training.progress import Progress


class Settings(Protocol):
    """Of a training."""

    @property
    def name(self) -> str:
        """What its product is called under `work`."""

    @property
    def steps(self) -> int:
        """All of them."""

    @property
    def save_every(self) -> int:
        """After so many steps what is there is saved."""


class Trainer(Protocol):
    """What takes the steps."""

    @property
    def learning(self) -> torch.nn.Module:
        """All that a stopped training needs again, beside its optimiser."""

    @property
    def optimiser(self) -> torch.optim.Optimizer:
        """What moves the weights."""

    def start(self, done: int) -> None:
        """Open the stream of batches, for the steps after `done`."""

    def step(self, done: int) -> dict[str, Any]:
        """One update; gives figures to print."""

    def save(self, folder: Path) -> None:
        """Write the product."""


def run_steps(trainer: Trainer, work: Path, settings: Settings) -> Iterator[int]:
    """Train to the end, from where it was stopped, into `work/<name>`; gives how many steps are done, after each."""
    checkpoint, progress = work / f"{settings.name}.pt", Progress(settings.name, settings.steps)
    begun = load_checkpoint(checkpoint, trainer.learning, trainer.optimiser)
    trainer.start(begun)
    progress.resume(begun)
    for step in range(begun, settings.steps):
        progress.step(**trainer.step(step))
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            save_checkpoint(checkpoint, trainer.learning, trainer.optimiser, step + 1)
            trainer.save(work / settings.name)
        yield step + 1


def save_checkpoint(path: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer, done: int) -> None:
    """Write both and the number of steps done, under a temporary name first."""
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "done": done}
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def load_checkpoint(path: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> int:
    """Take up the checkpoint, if there is one; gives the number of steps done."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["done"])
