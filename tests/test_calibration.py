"""What the reader's confidences are fitted to."""

import numpy as np
import pytest

from models.training.calibration import best_threshold, f1s


def test_the_threshold_lies_between_what_has_an_answer_and_what_has_none() -> None:
    answerable = np.arange(200) % 2 == 0
    confidence = np.where(answerable, 0.45, 0.1)
    threshold = best_threshold(confidence, answerable)
    assert 0.2 < threshold < 0.35
    assert f1s(confidence, answerable, threshold) == (1.0, 1.0)


@pytest.mark.parametrize("border", [0.15, 0.25, 0.4])
def test_the_threshold_follows_the_border(border: float) -> None:
    confidence = np.linspace(0, 0.6, 1201)
    assert best_threshold(confidence, confidence > border) == pytest.approx(border, abs=0.01)


def test_one_asking_more_hardly_moves_the_threshold() -> None:
    chance = np.random.default_rng(3)
    answerable = chance.random(400) < 0.5
    confidence = np.clip(chance.normal(np.where(answerable, 0.4, 0.15), 0.15), 0, 1)
    whole, without = best_threshold(confidence, answerable), best_threshold(confidence[1:], answerable[1:])
    assert whole == pytest.approx(without, abs=0.02)
