"""Readers → what they teach another one: their distributions, beside the answers (Hinton et al., arXiv 1503.02531).

A reader knows by heart what trained it, and is surer of it than it is of anything new. So the texts are dealt into
thirds; three teachers each learn from two of them, and teach the questions of the one that they have not seen.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn.functional import log_softmax

from models.training.packing import Batch, Packed
from models.training.reader_model import ReaderModel
from models.training.span_loss import NEVER, above_silence, counts, logsumexp, window_weights

THIRDS = 3


def third_of(sentences: Sequence[str]) -> int:
    """The third of a text, 0…2: the same wherever it stands."""
    return zlib.crc32(" ".join(sentences).encode()) % THIRDS


class Teachers:
    """`unseen[n]` has not seen the questions of third n and teaches those alone, if there are such; `always` teach
    all."""

    def __init__(self, unseen: Sequence[Path], always: Sequence[Path], device: torch.device) -> None:
        if len(unseen) not in (0, THIRDS):
            raise ValueError(f"{THIRDS} teachers that have left out a third are needed, or none, not {len(unseen)}")
        self._unseen, self._always = [
            [ReaderModel(folder).to(device).eval().requires_grad_(False) for folder in folders]
            for folders in (unseen, always)
        ]

    @torch.no_grad()
    def logits(self, packed: Packed, third: int) -> torch.Tensor:
        """The mean of the logits of those that teach this third, (windows, tokens, 2)."""
        teachers = [*self._unseen[third : third + 1], *self._always]
        return torch.stack([teacher(packed) for teacher in teachers]).mean(0)


def taught_loss(logits: torch.Tensor, taught: torch.Tensor, batch: Batch) -> torch.Tensor:
    """How far the reader's distributions are from its teachers' (Kullback–Leibler), a mean over questions; both logits
    (windows, tokens, 2). As in `span_loss`: start and end, spans and "it does not say", spans of all windows together.
    """
    apart = _divergence(logits.transpose(1, 2), taught.transpose(1, 2)).mean(1)
    above, wanted = (above_silence(one, batch).flatten(1) for one in (logits, taught))
    silence = above.new_zeros(len(above), 1)
    alone = apart + _divergence(torch.cat([above, silence], 1), torch.cat([wanted, silence], 1)) / 2
    weights = window_weights(batch)
    answered, windows = counts(batch.gold[:, 0] > 0, batch), counts(torch.ones_like(batch.groups), batch)
    ours, theirs = (one - logsumexp(one.logsumexp(1), batch)[batch.groups][:, None] for one in (above, wanted))
    together = (theirs.exp() * (theirs - ours)).masked_fill(wanted == NEVER, 0).sum(1)
    chosen = ((answered > 0) & (windows > 1))[batch.groups]
    return (weights * alone).sum() / weights.sum() + (together * chosen).sum() / batch.questions / 2


def _divergence(logits: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
    """Of the distributions over the last dimension."""
    ours, theirs = log_softmax(logits, -1), log_softmax(taught, -1)
    return (theirs.exp() * (theirs - ours)).sum(-1)
