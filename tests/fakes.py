"""Stand-ins that make tests quick: a deterministic embedder without a model."""

import hashlib
import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class BagOfWords:
    """An Embedder whose vectors count words by their hash: texts that share words are near each other.

    `encoded` keeps every document sentence that it was given, to tell what an update embedded.
    """

    slow_to_start = False

    def __init__(self, name: str = "bag-of-words", dimension: int = 64) -> None:
        self.name = name
        self.fingerprint = hashlib.sha256(f"{name} {dimension}".encode()).hexdigest()[:16]
        self.dimension = dimension
        self.encoded: list[str] = []

    def load(self) -> None:
        pass

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return self.encode_questions(texts)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        vectors[:, 0] = 0.1  # no text without a direction
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit
