"""Bootstrap intervals: what they must be where the answer is known."""

import numpy as np
import pytest

from assistant.evaluation import metrics
from assistant.evaluation.intervals import bootstrap
from assistant.evaluation.metrics import Column, Weights


def mean_of(values: np.ndarray) -> object:
    def statistic(weights: Weights) -> Column:
        return metrics.mean(values, np.ones(len(values), bool), weights)

    return statistic


def test_a_mean_of_zeros_and_ones_has_the_textbook_interval() -> None:
    values = np.arange(400) % 4 == 0  # p = 1/4: 1.96·√(p(1−p)/n) = 0.0424
    low, high = bootstrap({"mean": mean_of(values)}, 400, seed=0)["mean"]
    assert low == pytest.approx(0.25 - 0.0424, abs=0.005)
    assert high == pytest.approx(0.25 + 0.0424, abs=0.005)


def test_the_seed_decides_the_interval() -> None:
    statistics = {"mean": mean_of(np.linspace(0, 1, 50))}
    assert bootstrap(statistics, 50, seed=1) == bootstrap(statistics, 50, seed=1)
    assert bootstrap(statistics, 50, seed=1) != bootstrap(statistics, 50, seed=2)


def test_statistics_see_the_same_draws_so_that_a_paired_difference_cancels_what_is_common() -> None:
    old = np.linspace(0, 1, 60)

    def difference(weights: Weights) -> Column:
        everyone = np.ones(60, bool)
        return metrics.mean(old + 0.25, everyone, weights) - metrics.mean(old, everyone, weights)

    assert bootstrap({"difference": difference}, 60, seed=0)["difference"] == pytest.approx((0.25, 0.25))


def test_nothing_eligible_has_no_interval() -> None:
    def never(weights: Weights) -> Column:
        return metrics.mean(np.ones(5), np.zeros(5, bool), weights)

    assert bootstrap({"never": never}, 5, seed=0) == {"never": None}
    assert bootstrap({"never": never}, 0, seed=0) == {"never": None}


def test_a_large_set_is_drawn_in_blocks() -> None:
    values = np.arange(30_000) % 2
    low, high = bootstrap({"mean": mean_of(values)}, len(values), seed=0)["mean"]
    assert 0.49 < low < 0.5 < high < 0.51
