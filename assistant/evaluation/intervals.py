"""Statistics → bootstrap 95 % intervals: percentile method, seeded, all resamples of a statistic at once.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. A paired bootstrap of a difference is
the same thing: the statistic is then "new minus old" on the same drawn questions.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from assistant.evaluation.metrics import Column, Weights

Statistic = Callable[[Weights], Column]

RESAMPLES = 1000
_CELLS = 2_000_000  # of one block of weights: 16 MB, so that 100,000 questions fit in memory as well


def bootstrap(statistics: Mapping[str, Statistic], questions: int, seed: int) -> dict[str, tuple[float, float] | None]:
    """The 95 % interval of each statistic; None where no resample had an eligible question.

    All statistics see the same draws, so that their intervals can be read together.
    """
    if not questions:
        return dict.fromkeys(statistics)
    drawn: dict[str, list[Column]] = {name: [] for name in statistics}
    for weights in _draws(questions, seed):
        for name, statistic in statistics.items():
            drawn[name].append(statistic(weights))
    return {name: _percentiles(np.concatenate(blocks)) for name, blocks in drawn.items()}


def _draws(questions: int, seed: int) -> Iterator[Weights]:
    generator = np.random.default_rng(seed)
    block = max(1, _CELLS // questions)
    for first in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - first)
        picked = generator.integers(questions, size=(rows, questions)) + np.arange(rows)[:, None] * questions
        yield np.bincount(picked.ravel(), minlength=rows * questions).reshape(rows, questions)


def _percentiles(values: Column) -> tuple[float, float] | None:
    known = values[~np.isnan(values)]
    if not known.size:
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
