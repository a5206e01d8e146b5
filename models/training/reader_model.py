"""Windows → start and end logits: the encoder with a linear head; token types all 0, as llama.cpp has them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModel, BertModel

from assistant.embeddings import multiplies_bfloat16
from assistant.spans import Window


class ReaderModel(torch.nn.Module):
    """The encoder in `folder` and a head that gives each token a start and an end logit."""

    def __init__(self, folder: Path, dropout: float = 0.0) -> None:
        super().__init__()
        # Attention without dropout and written out: two thirds of the time on a CPU.
        plain: dict[str, Any] = {"attn_implementation": "eager", "attention_probs_dropout_prob": 0.0}
        self.encoder = AutoModel.from_pretrained(folder, add_pooling_layer=False, **plain).float()
        for layer in self.encoder.encoder.layer:
            layer.attention.output.dropout = layer.output.dropout = _Dropout(dropout)
        self.encoder.embeddings.dropout = _Dropout(dropout)
        # Never trained: they stay the 4-bit values that they came as, and words that no question holds keep theirs.
        self.encoder.embeddings.word_embeddings.requires_grad_(False)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, 2)
        torch.nn.init.normal_(self.head.weight, std=0.02)
        torch.nn.init.zeros_(self.head.bias)
        if (folder / "head.safetensors").exists():
            self.head.load_state_dict(load_file(folder / "head.safetensors"))

    def freeze(self, layers: int) -> None:
        """Train no more the first `layers`, nor what they read."""
        if layers:
            for part in (self.encoder.embeddings, *self.encoder.encoder.layer[:layers]):
                part.requires_grad_(False)

    def forward(self, windows: list[Window]) -> torch.Tensor:
        """Logits (windows, tokens of the longest, 2); those of padding are far below all others."""
        longest = padded_length(max(len(window.ids) for window in windows))
        ids = torch.zeros(len(windows), longest, dtype=torch.long)
        for number, window in enumerate(windows):
            ids[number, : len(window.ids)] = torch.tensor(window.ids)
        mask = (ids > 0).long()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.training and multiplies_bfloat16()):
            states = self.encoder(
                input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids)
            ).last_hidden_state
        return self.head(states.float()).masked_fill((mask == 0)[..., None], -1e4)

    @torch.inference_mode()
    def scores(self, windows: list[Window], batch: int = 32) -> list[NDArray[np.float32]]:
        """Logits of each window, (its tokens, 2)."""
        self.eval()
        order = sorted(range(len(windows)), key=lambda number: len(windows[number].ids))
        found: list[NDArray[np.float32]] = [np.empty((0, 2), np.float32)] * len(windows)
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            logits = self([windows[number] for number in chosen]).numpy()
            for row, number in enumerate(chosen):
                found[number] = logits[row, : len(windows[number].ids)]
        self.train()
        return found

    def save(self, folder: Path, tokenizer: Tokenizer) -> None:
        """Write encoder and tokenizer as `save_encoder` does, and the head (float32)."""
        save_encoder(self.encoder, tokenizer, folder)
        save_file(self.head.state_dict(), folder / "head.safetensors")


class _Dropout(torch.nn.Module):
    """Dropout with one mask for all tokens of a window (Gal and Ghahramani, arXiv 1512.05287): on a CPU, masks of their
    own take a fifth of a step.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """States (windows, tokens, width)."""
        if not self.training or not self.share:
            return states
        kept = torch.full((len(states), 1, states.shape[2]), 1 - self.share, dtype=states.dtype)
        return states * kept.bernoulli() / (1 - self.share)


def padded_length(tokens: int) -> int:
    """The next multiple of 16: kernels are made once for each shape, so there must be few."""
    return -(-tokens // 16) * 16


def save_encoder(model: BertModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write config.json, model.safetensors (float16) and tokenizer.json."""
    folder.mkdir(parents=True, exist_ok=True)
    half = AutoModel.from_config(model.config, add_pooling_layer=False)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
