"""Sequences, and groups of examples → tensors: all tokens in a row, so that nothing is padding."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from assistant.spans import Window
from models.training.reading_examples import Example


@dataclass(frozen=True)
class Packed:
    """Sequences one after another.

    `ids`, `positions`: pieces, and their positions in their sequences; (tokens,). `starts`: where each sequence's
    tokens start, and where the last one's end; (sequences + 1,). `places`: where each sequence's tokens are, −1 beyond
    its end; (sequences, tokens of the longest).
    """

    ids: torch.Tensor
    positions: torch.Tensor
    starts: torch.Tensor
    places: torch.Tensor

    def to(self, device: torch.device) -> "Packed":
        """On `device`."""
        return Packed(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


@dataclass(frozen=True)
class Batch:
    """Packed windows and what is known of them.

    `sentences`: the number of the sentence that each token belongs to, from 1, 0 for others; (windows, tokens).
    `gold`: first and last token of the answer, 0 and 0 where the window does not say; (windows, 2). `groups`: which
    question each window belongs to, from 0; (windows,). `questions`: how many.
    """

    packed: Packed
    sentences: torch.Tensor
    gold: torch.Tensor
    groups: torch.Tensor
    questions: int

    def to(self, device: torch.device) -> "Batch":
        """On `device`."""
        rest = (one.to(device, non_blocking=True) for one in (self.sentences, self.gold, self.groups))
        return Batch(self.packed.to(device), *rest, self.questions)


def pack(sequences: Sequence[Sequence[int]]) -> Packed:
    """The sequences in a row."""
    sizes = np.array([len(sequence) for sequence in sequences])
    starts = np.concatenate([[0], sizes.cumsum()])
    ids = np.concatenate(sequences)
    inside = np.arange(sizes.max())
    places = np.where(inside < sizes[:, None], starts[:-1, None] + inside, -1)
    positions = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
    return Packed(*map(torch.from_numpy, (ids, positions, starts.astype(np.int32), places)))


def batch_of(groups: Sequence[Sequence[Example]]) -> Batch:
    """The windows of several questions."""
    examples = [example for group in groups for example in group]
    windows = [example.window for example in examples]
    packed = pack([window.ids for window in windows])
    gold = torch.tensor([(example.first, example.last) for example in examples])
    numbers = torch.tensor([number for number, group in enumerate(groups) for _ in group])
    return Batch(packed, torch.from_numpy(_sentences(windows, packed.places.shape[1])), gold, numbers, len(groups))


def batches(examples: Iterable[list[Example]], tokens: int) -> Iterator[Batch]:
    """Batches of whole questions, of as many of them as have at most `tokens` tokens."""
    drawn: list[list[Example]] = []
    size = 0
    for group in examples:
        more = sum(len(example.window.ids) for example in group)
        if drawn and size + more > tokens:
            yield batch_of(drawn)
            drawn, size = [], 0
        drawn.append(group)
        size += more


def _sentences(windows: Sequence[Window], longest: int) -> NDArray[np.int64]:
    found = np.zeros((len(windows), longest), np.int64)
    for row, window in enumerate(windows):
        for number, (first, after) in enumerate(window.tokens, 1):
            found[row, first:after] = number
    return found
