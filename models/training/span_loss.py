"""Start and end logits + the answers → the loss: start and end apart, and the spans that the product chooses from.

The product takes a span of one sentence by the sum of its scores (`assistant/spans.py`), so the span too is made likely
among all of those and "it does not say" (compound objective; Fajcik et al., arXiv 2008.12804), and among the spans of
all windows that a question is asked of together (shared normalisation; Clark and Gardner, arXiv 1710.10723).
"""

import torch
from torch.nn.functional import cross_entropy

from assistant.spans import LONGEST_SPAN
from models.training.packing import Batch

NEVER = -1e4
"""The score of what is not allowed."""


def span_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean loss of questions; `logits` (windows, tokens, 2). A question's windows without its answer count as one."""
    gold, groups, windows = batch.gold, batch.groups, len(batch.gold)
    said, tokens = gold[:, 0] > 0, logits.shape[1]
    above = above_silence(logits, batch)
    # "It does not say" is the last column, and counts as 0.
    spans = torch.cat([above.flatten(1), above.new_zeros(windows, 1)], dim=1)
    last = torch.minimum(gold[:, 1], gold[:, 0] + LONGEST_SPAN - 1)
    place = torch.where(said, gold[:, 0] * tokens + last, tokens * tokens)
    apart = cross_entropy(logits.transpose(1, 2).flatten(0, 1), gold.flatten(), reduction="none").view(windows, 2)
    alone = apart.mean(1) + cross_entropy(spans, place, reduction="none") / 2
    weights = window_weights(batch)
    loss = (weights * alone).sum() / weights.sum()
    right = said & (counts(torch.ones_like(said), batch)[groups] > 1)
    totals = logsumexp(above.flatten(1).logsumexp(1), batch)
    chosen = spans.gather(1, place[:, None])[:, 0]
    return loss + (right * (totals[groups] - chosen)).sum() / len(totals) / 2


def window_weights(batch: Batch) -> torch.Tensor:
    """What each window counts, (windows,): a question's windows without its answer count as one."""
    said = batch.gold[:, 0] > 0
    return torch.where(said, 1.0, 1 / counts(~said, batch).clamp(min=1)[batch.groups])


def above_silence(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Scores of spans inside a sentence above "it does not say", (windows, tokens, tokens); of others, none."""
    sentence, places = batch.sentences, torch.arange(logits.shape[1], device=logits.device)
    within = (sentence[:, :, None] == sentence[:, None]) & (sentence[:, :, None] > 0)
    length = places - places[:, None]
    allowed = within & (length >= 0) & (length < LONGEST_SPAN)
    sums = logits[:, :, None, 0] + logits[:, None, :, 1]
    return (sums - sums[:, :1, :1]).masked_fill(~allowed, NEVER)


def counts(chosen: torch.Tensor, batch: Batch) -> torch.Tensor:
    """How many windows of each question are chosen."""
    return torch.zeros(batch.questions, device=chosen.device).index_add_(0, batch.groups, chosen.float())


def logsumexp(values: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The logarithm of the sum of exponentials of each question's values, (windows,) → (questions,); NEVER at least."""
    highest = values.new_full((batch.questions,), NEVER)
    highest = highest.scatter_reduce(0, batch.groups, values.detach(), "amax")
    sums = (NEVER - highest).exp().index_add(0, batch.groups, (values - highest[batch.groups]).exp())
    return highest + sums.log()
