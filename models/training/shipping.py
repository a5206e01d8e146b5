"""A trained table → `models/embedder/`: int8 rows that sentence-transformers loads as they are and NumPy reads without
torch.

Layout: `modules.json` (StaticEmbedding, Normalize), `0_StaticEmbedding/model.safetensors` with `embeddings` int8
(tokens, dimensions) and `weights` float32 (tokens), `0_StaticEmbedding/tokenizer.json`. Row i of the table is
`embeddings[i] * weights[i]`: the names are model2vec's, which sentence-transformers folds into one float32
table.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from tokenizers import Tokenizer

from models.training.settings import Places
from models.training.static_model import StaticEmbedder

MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "0_StaticEmbedding",
        "type": "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding",
    },
    {
        "idx": 1,
        "name": "1",
        "path": "1_Normalize",
        "type": "sentence_transformers.base.modules.normalize.Normalize",
    },
]


NORMALIZE = {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}
MODEL = {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine"}


@dataclass(frozen=True)
class ShippingSettings:
    """The table under `work` that ships."""

    table: str = "static"


def ship_embedder(places: Places, settings: ShippingSettings) -> Path:
    """Write `models/embedder/` from the table and `work/tokenizer.json`; the card (README.md) is kept as it is."""
    folder = places.models / "embedder"
    (folder / "0_StaticEmbedding").mkdir(parents=True, exist_ok=True)
    (folder / "1_Normalize").mkdir(exist_ok=True)
    rows, weights = quantise(np.load(places.work / f"{settings.table}.npy"))
    (folder / "0_StaticEmbedding/model.safetensors").write_bytes(save({"embeddings": rows, "weights": weights}))
    tokenizer = Tokenizer.from_file(str(places.work / "tokenizer.json"))
    tokenizer.save(str(folder / "0_StaticEmbedding/tokenizer.json"), pretty=False)
    described = {"modules": MODULES, "1_Normalize/config": NORMALIZE, "config_sentence_transformers": MODEL}
    for name, values in described.items():
        (folder / f"{name}.json").write_text(json.dumps(values, indent=2) + "\n")
    return folder


def quantise(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows rounded to −127…127, and the number that each row is multiplied by."""
    weights = np.maximum(np.abs(table).max(axis=1), 1e-12) / 127
    return np.round(table / weights[:, None]).astype(np.int8), weights.astype(np.float32)


def load_shipped(folder: Path) -> StaticEmbedder:
    """The query path: tokenizers, safetensors and NumPy."""
    parts = load_file(folder / "0_StaticEmbedding/model.safetensors")
    table = parts["embeddings"].astype(np.float32) * parts["weights"][:, None]
    return StaticEmbedder(Tokenizer.from_file(str(folder / "0_StaticEmbedding/tokenizer.json")), table)
