"""How far a training is → its learning rate: warm-up, then a linear fall (Devlin et al., arXiv 1810.04805)."""


def rate_share(done: int, steps: int, warm_up: int, last_share: float) -> float:
    """The share 0…1 of the full rate for the step after `done` of `steps`; `last_share` is what it falls to."""
    fallen = 1 - (1 - last_share) * done / steps
    return min((done + 1) / warm_up, fallen)
