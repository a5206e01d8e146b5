"""Start and end logits + the answers → the loss: start and end apart, and the spans that the product chooses from.

The product takes a span of one sentence by the sum of its scores (`assistant/spans.py`), so the span too is made likely
among all of those and "it does not say" (compound objective; Fajcik et al., arXiv 2008.12804), and among the spans of
all windows that a question is asked of together (shared normalisation; Clark and Gardner, arXiv 1710.10723).
"""

from collections.abc import Sequence

import torch
from torch.nn.functional import cross_entropy

from assistant.spans import LONGEST_SPAN, Window

_NEVER = -1e4


def span_loss(
    logits: torch.Tensor, windows: Sequence[Window], gold: torch.Tensor, groups: Sequence[int]
) -> torch.Tensor:
    """Mean loss of windows; `logits` (windows, tokens, 2), `gold` first and last tokens (windows, 2), 0 and 0 where
    the window does not say; `groups`: how many windows in a row belong to one question.
    """
    apart = cross_entropy(logits.transpose(1, 2).flatten(0, 1), gold.flatten())
    above = _above_silence(logits, windows)
    # "It does not say" is the last column, and counts as 0.
    spans = torch.cat([above.flatten(1), torch.zeros(len(windows), 1)], dim=1)
    said, tokens = gold[:, 0] > 0, logits.shape[1]
    last = torch.minimum(gold[:, 1], gold[:, 0] + LONGEST_SPAN - 1)
    place = torch.where(said, gold[:, 0] * tokens + last, tokens * tokens)
    loss = apart + cross_entropy(spans, place) / 2
    together = [
        torch.logsumexp(above[first:after].flatten(), 0) - spans[right, place[right]]
        for first, after, right in _said_together(said.tolist(), groups)
    ]
    return loss + torch.stack(together).sum() / len(groups) / 2 if together else loss


def _above_silence(logits: torch.Tensor, windows: Sequence[Window]) -> torch.Tensor:
    """Scores of spans inside a sentence above "it does not say", (windows, tokens, tokens); of others, none."""
    tokens = logits.shape[1]
    sentence = torch.zeros(len(windows), tokens, dtype=torch.long)
    for row, window in enumerate(windows):
        for number, (first, after) in enumerate(window.tokens, 1):
            sentence[row, first:after] = number
    within = (sentence[:, :, None] == sentence[:, None]) & (sentence[:, :, None] > 0)
    length = torch.arange(tokens) - torch.arange(tokens)[:, None]
    allowed = within & (length >= 0) & (length < LONGEST_SPAN)
    sums = logits[:, :, None, 0] + logits[:, None, :, 1]
    return (sums - sums[:, :1, :1]).masked_fill(~allowed, _NEVER)


def _said_together(said: Sequence[bool], groups: Sequence[int]) -> list[tuple[int, int, int]]:
    """First window, the one after the last, and the one that answers, of each group of several of which one does."""
    found, first = [], 0
    for size in groups:
        right = next((row for row in range(first, first + size) if said[row]), None)
        if size > 1 and right is not None:
            found.append((first, first + size, right))
        first += size
    return found
