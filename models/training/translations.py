"""Translation pairs and the teacher's vectors of their English sides."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.data import Pair, read_pairs
from models.training.settings import Places
from models.training.teacher import english_sentences


@dataclass(frozen=True)
class Translations:
    """`pairs`, and the row of `vectors` (float16, unit length) that is the target of each."""

    pairs: list[Pair]
    rows: NDArray[np.int64]
    vectors: NDArray[np.float16]

    def targets(self, chosen: NDArray[np.int64]) -> torch.Tensor:
        """Targets of the pairs `chosen`: unit vectors (chosen, dimensions)."""
        vectors = torch.from_numpy(self.vectors[self.rows[chosen]]).float()
        return torch.nn.functional.normalize(vectors, dim=1)


def read_translations(places: Places, dimensions: int = 384) -> Translations:
    """Read the pairs and the teacher's cache, turned to its `dimensions` strongest directions (PCA without
    centring)."""
    pairs = read_pairs(places.data / "parallel/train.tsv.gz")
    row = {text: number for number, text in enumerate(english_sentences(places.data))}
    vectors = np.load(places.work / "teacher.npy")
    if dimensions < vectors.shape[1]:
        vectors = (vectors.astype(np.float32) @ _directions(vectors, dimensions)).astype(np.float16)
    return Translations(pairs, np.array([row[pair.english] for pair in pairs]), vectors)


def _directions(vectors: NDArray[np.float16], dimensions: int) -> NDArray[np.float32]:
    sample = vectors[::4].astype(np.float32)
    _, strongest = np.linalg.eigh(sample.T @ sample)
    return np.ascontiguousarray(strongest[:, ::-1][:, :dimensions])
