"""What the reader is trained to do is what the program does with its scores: take one span of one sentence, or none."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from span_windows import SPANS, WINDOW, above_silence

from models.training.packing import batch_of
from models.training.reading_examples import Example
from models.training.span_loss import span_loss

SAID, SILENT = (5, 6), (0, 0)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.booleans())
def test_the_loss_is_that_of_choosing_among_the_spans_of_sentences(seed: int, silent: int, together: bool) -> None:
    golds = [SAID] + [SILENT] * silent
    logits = torch.randn(len(golds), 9, 2, generator=torch.Generator().manual_seed(seed))
    above = [above_silence(window) for window in logits]
    apart = [
        sum(surprise(w[:, k].tolist(), gold[k]) for k in (0, 1)) / 2 for w, gold in zip(logits, golds, strict=True)
    ]
    spans = [surprise([*above[0], 0.0], SPANS.index(SAID))]
    spans += [surprise([*window, 0.0], len(SPANS)) for window in above[1:]]
    said, *others = (a + s / 2 for a, s in zip(apart, spans, strict=True))
    # A question's windows without its answer count as one.
    weight = min(silent, 1) if together else silent
    expected = (said + weight * sum(others) / max(silent, 1)) / (1 + weight)
    if together and silent:
        every = [score for window in above for score in window]
        expected += surprise(every, SPANS.index(SAID)) / 2
    examples = [Example(WINDOW, *gold) for gold in golds]
    found = span_loss(logits, batch_of([examples] if together else [[one] for one in examples]))
    assert found.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def surprise(scores: list[float], chosen: int) -> float:
    """Minus the logarithm of the chosen one's share."""
    return math.log(sum(map(math.exp, scores))) - scores[chosen]
