"""`models/embedder` through sentence-transformers and through NumPy: the least cosine, and sentences a second of
each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.retrieval_task import read_haystack
from models.training.settings import Places
from models.training.shipping import load_shipped
from models.training.teacher import teacher_folder

LEAST = 0.9999


@dataclass(frozen=True)
class ParitySettings:
    """The haystack whose sentences are embedded."""

    haystack: str = "whole"


def check_parity(places: Places, settings: ParitySettings) -> str:
    """Compare the two ways on every sentence; raises if any cosine is under 0.9999."""
    from sentence_transformers import SentenceTransformer

    texts = read_haystack(places.data, settings.haystack).sentences
    shipped, teacher = (
        SentenceTransformer(str(path), device="cpu") for path in (places.models / "embedder", teacher_folder())
    )
    first, slow = _timed(lambda: shipped.encode(texts, batch_size=256))
    second, fast = _timed(lambda: load_shipped(places.models / "embedder")(texts))
    _, other = _timed(lambda: teacher.encode(texts[:1000], batch_size=64))
    least = float((first * second).sum(axis=1).min())
    if least < LEAST:
        raise ValueError(f"sentence-transformers and NumPy disagree: least cosine {least:.6f}")
    rates = (len(texts) / slow, len(texts) / fast, 1000 / other)
    return "least cosine {:.7f}; sentences/s: sentence-transformers {:,.0f}, NumPy {:,.0f}, MiniLM {:,.0f}".format(
        least, *rates
    )


def _timed(run: Callable[[], NDArray[np.float32]]) -> tuple[NDArray[np.float32], float]:
    began = time.perf_counter()
    return run(), time.perf_counter() - began
