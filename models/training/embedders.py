"""A name → a function from texts to unit vectors: the embedders that are compared."""

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.training.settings import Places
from models.training.shipping import load_shipped
from models.training.similarity_tasks import Embed
from models.training.static_model import StaticEmbedder
from models.training.teacher import teacher_folder


def load_embedder(name: str, places: Places) -> Embed:
    """`minilm` (the English teacher), `shipped` (`models/embedder`), or `NAME.npy` under `work`."""
    if name == "minilm":
        return _teacher()
    if name == "shipped":
        return load_shipped(places.models / "embedder")
    table = np.load(places.work / f"{name}.npy")
    return StaticEmbedder(Tokenizer.from_file(str(places.work / "tokenizer.json")), table)


def _teacher() -> Embed:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(teacher_folder()), device="cpu")

    def embed(texts: list[str]) -> NDArray[np.float32]:
        return model.encode(texts, batch_size=64, normalize_embeddings=True)

    return embed
