"""Token ids → unit vectors through one table of token vectors: torch to train it, NumPy to use it.

A text's vector is the sum of its tokens' rows, normalised; a row's length is its token's weight, learned with it
(as in sentence-transformers' StaticEmbedding and in StaRSpace, arXiv 1709.03856).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer


@dataclass(frozen=True)
class Bags:
    """Token ids of many texts in one array: text i has `ids[bounds[i]:bounds[i + 1]]`."""

    ids: NDArray[np.int64]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, tokenizer: Tokenizer, texts: list[str]) -> "Bags":
        """Tokenise `texts`; a text without tokens counts as one unknown token."""
        unknown = [tokenizer.token_to_id("[UNK]")]
        rows = [found.ids or unknown for found in tokenizer.encode_batch(texts, add_special_tokens=False)]
        return cls(
            np.concatenate([np.array(row, dtype=np.int64) for row in rows]), np.cumsum([0] + [len(row) for row in rows])
        )

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def take(self, rows: NDArray[np.int64], keep: float, chance: np.random.Generator) -> "Bags":
        """The texts `rows`, each token kept with the probability `keep` and at least one of each text."""
        lengths = self.bounds[rows + 1] - self.bounds[rows]
        firsts = np.cumsum(lengths) - lengths
        positions = np.repeat(self.bounds[rows] - firsts, lengths) + np.arange(lengths.sum())
        kept = chance.random(len(positions)) < keep
        kept[firsts + (chance.random(len(rows)) * lengths).astype(np.int64)] = True
        counts = np.add.reduceat(kept, firsts)
        return Bags(self.ids[positions[kept]], np.concatenate([[0], np.cumsum(counts)]))


class StaticTable(torch.nn.Module):
    """The table that is trained: `size` token vectors of `dimensions` numbers."""

    def __init__(self, size: int, dimensions: int) -> None:
        super().__init__()
        self.rows = torch.nn.EmbeddingBag(size, dimensions, mode="sum")
        torch.nn.init.normal_(self.rows.weight, std=0.05)

    def forward(self, groups: list[Bags]) -> list[torch.Tensor]:
        """Unit vectors (texts, dimensions) of each group; one look-up for all, since each costs a pass over the
        table."""
        starts = np.cumsum([0] + [len(bags.ids) for bags in groups])
        bounds = [bags.bounds[:-1] + start for bags, start in zip(groups, starts[:-1], strict=True)]
        ids = np.concatenate([bags.ids for bags in groups])
        summed = self.rows(torch.from_numpy(ids), torch.from_numpy(np.concatenate(bounds)))
        return list(torch.nn.functional.normalize(summed, dim=1).split([len(bags) for bags in groups]))


class StaticEmbedder:
    """The query path's reference: tokenizer and table, NumPy alone."""

    def __init__(self, tokenizer: Tokenizer, table: NDArray[np.float32]) -> None:
        self.tokenizer, self.table = tokenizer, table

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors (texts, dimensions), float32; a text without tokens gets the zero vector."""
        vectors = np.zeros((len(texts), self.table.shape[1]), dtype=np.float32)
        for row, found in enumerate(self.tokenizer.encode_batch(texts, add_special_tokens=False)):
            if found.ids:
                vectors[row] = self.table[found.ids].sum(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
