"""Token ids ↔ vectors through the encoder: mean of token states, normalised; token types all 0."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import AutoModel, BertModel


def encode_ids(model: BertModel, rows: list[list[int]]) -> torch.Tensor:
    """Unit vectors (rows, 384) of rows of token ids, special tokens included; padded to the longest."""
    longest = max(len(row) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
    mask = (ids > 0).long()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states = model(input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids)).last_hidden_state
    weights = mask[..., None].float()
    return torch.nn.functional.normalize((states.float() * weights).sum(dim=1), dim=1)


def save_encoder(model: BertModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write config.json, model.safetensors (float16) and tokenizer.json."""
    folder.mkdir(parents=True, exist_ok=True)
    half = AutoModel.from_config(model.config, add_pooling_layer=False)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))


class EncoderEmbedder:
    """Texts → unit vectors through an encoder, batches sorted by length."""

    def __init__(self, model: BertModel, tokenizer: Tokenizer, batch: int = 64, longest: int = 128) -> None:
        self.model, self.tokenizer, self.batch, self.longest = model.eval(), tokenizer, batch, longest

    @classmethod
    def load(cls, folder: Path) -> "EncoderEmbedder":
        """Read what `save_encoder` wrote."""
        model = AutoModel.from_pretrained(folder, add_pooling_layer=False).float()
        return cls(model, Tokenizer.from_file(str(folder / "tokenizer.json")))

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors (texts, 384), float32."""
        rows = [found.ids[: self.longest] for found in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
        vectors = np.zeros((len(texts), self.model.config.hidden_size), dtype=np.float32)
        with torch.inference_mode():
            for first in range(0, len(order), self.batch):
                chosen = order[first : first + self.batch]
                vectors[chosen] = encode_ids(self.model, [rows[number] for number in chosen]).numpy()
        return vectors
