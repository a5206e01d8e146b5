"""Unit vectors of pairs → training losses of the static embedder."""

import torch
from torch.nn.functional import cross_entropy


def contrast(
    first: torch.Tensor,
    second: torch.Tensor,
    scale: float,
    same: torch.Tensor | None = None,
    wrong: torch.Tensor | None = None,
) -> torch.Tensor:
    """InfoNCE in both directions (van den Oord et al., arXiv 1807.03748) between rows of `first` and `second`, (batch,
    dimensions).

    `same`, (batch, batch), marks pairs that are no negatives although off the diagonal; `wrong`, (batch,
    dimensions), are extra negatives for `first` (Karpukhin et al., arXiv 2004.04906). Cosines are multiplied by
    `scale`.
    """
    likeness = _likeness(first, second) * scale
    own = torch.arange(len(first))
    if same is not None:
        likeness = likeness.masked_fill(same & ~torch.eye(len(first), dtype=torch.bool), -1e4)
    backward = cross_entropy(likeness.T, own)
    if wrong is not None:
        likeness = torch.cat([likeness, _likeness(first, wrong) * scale], dim=1)
    return (cross_entropy(likeness, own) + backward) / 2


def distance(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """1 − mean cosine of unit vectors (batch, dimensions) and their targets."""
    return 1 - (student * teacher).sum(dim=1).mean()


def _likeness(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Cosines, multiplied in bfloat16: half the time, and an error under 0.004."""
    return (first.bfloat16() @ second.bfloat16().T).float()
