"""A model and its optimiser ↔ one file, so that a stopped training goes on where it was."""

from pathlib import Path

import torch


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
