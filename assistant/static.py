"""A sentence-transformers folder whose model is one table of token vectors → unit vectors, without torch.

A text's vector is the mean of its tokens' rows, normalised (StaticEmbedding, then Normalize). Reads both layouts that
sentence-transformers reads: its own, and model2vec's with rows of int8 and a weight for each.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MODULES = ["StaticEmbedding", "Normalize"]


def is_static(folder: Path) -> bool:
    """Whether `folder` holds such a model and nothing more."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        return kinds == _MODULES and (folder / modules[0]["path"] / "model.safetensors").is_file()
    except (OSError, ValueError, KeyError, TypeError):
        return False


class StaticEncoder:
    """The model in `folder`, which `is_static`; `prompt` stands before each text."""

    def __init__(self, folder: Path, prompt: str = "") -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        module = folder / json.loads((folder / "modules.json").read_text(encoding="utf-8"))[0]["path"]
        self._tokenizer = Tokenizer.from_file(str(module / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._prompt = prompt
        parts = load_file(module / "model.safetensors")
        self._rows = parts["embedding.weight"] if "embedding.weight" in parts else parts["embeddings"]
        self._mapping, self._weights = parts.get("mapping"), parts.get("weights")

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors, float32, shape (len(texts), dimension); zero for a text without tokens."""
        import numpy as np

        vectors = np.zeros((len(texts), self._rows.shape[1]), dtype=np.float32)
        tokenised = self._tokenizer.encode_batch([self._prompt + text for text in texts], add_special_tokens=False)
        for vector, found in zip(vectors, tokenised, strict=True):
            if found.ids:
                vector[:] = self._mean(np.array(found.ids))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
        return unit

    def _mean(self, tokens: "NDArray[np.int64]") -> "NDArray[np.float32]":
        import numpy as np

        rows = self._rows[tokens if self._mapping is None else self._mapping[tokens]].astype(np.float32)
        if self._weights is not None:
            rows *= self._weights[tokens, None]
        mean: NDArray[np.float32] = rows.mean(axis=0)
        return mean
