"""What the reader is trained to do is what the program does with its scores: take one span of one sentence, or none."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.spans import Window
from models.training.span_loss import span_loss

# Two windows of [CLS], a question of one token, [SEP], sentences of two and three tokens, [SEP].
WINDOW = Window(list(range(2, 11)), ("ab", "cde"), ((3, 5), (5, 8)), ((0, 1),) * 6)
SPANS = [(i, j) for first, after in WINDOW.tokens for i in range(first, after) for j in range(i, after)]
SAID, SILENT = (5, 6), (0, 0)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_loss_is_that_of_choosing_among_the_spans_of_sentences(seed: int, together: bool) -> None:
    logits = torch.randn(2, 9, 2, generator=torch.Generator().manual_seed(seed))
    groups = [2] if together else [1, 1]
    above = [{(i, j): float(w[i, 0] + w[j, 1] - w[0].sum()) for i, j in SPANS} for w in logits]
    apart = sum(
        surprise(w[:, k].tolist(), place[k]) for w, place in zip(logits, (SAID, SILENT), strict=True) for k in (0, 1)
    )
    spans = surprise([*above[0].values(), 0.0], SPANS.index(SAID)) + surprise([*above[1].values(), 0.0], len(SPANS))
    expected = apart / 4 + spans / 4
    if together:
        expected += surprise([*above[0].values(), *above[1].values()], SPANS.index(SAID)) / 2
    found = span_loss(logits, [WINDOW, WINDOW], torch.tensor([SAID, SILENT]), groups)
    assert found.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def surprise(scores: list[float], chosen: int) -> float:
    """Minus the logarithm of the chosen one's share."""
    return math.log(sum(map(math.exp, scores))) - scores[chosen]
