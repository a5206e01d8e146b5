"""Windows → start and end logits: the encoder with a linear head; token types all 0, as llama.cpp has them.

BERT's layers are written out, so that windows can be read one after another, without padding.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.nn.functional import dropout, scaled_dot_product_attention
from transformers import AutoModel, BertModel
from transformers.models.bert.modeling_bert import BertLayer

from assistant.embeddings import multiplies_bfloat16
from assistant.spans import Window
from models.training.packing import Packed, pack

_WINDOWS_AT_ONCE = 64

_Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Queries, keys and values, each (tokens, heads, size of a head) → what each token sees of its window, alike."""


class ReaderModel(torch.nn.Module):
    """The encoder in `folder` and a head that gives each token a start and an end logit; `dropped`: share 0…1 of what
    dropout leaves out while it trains."""

    def __init__(self, folder: Path, dropped: float = 0.0) -> None:
        super().__init__()
        self.dropped = dropped
        self.encoder = AutoModel.from_pretrained(folder, add_pooling_layer=False).float()
        # Never trained: they stay the 4-bit values that they came as, and words that no question holds keep theirs.
        self.encoder.embeddings.word_embeddings.requires_grad_(False)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, 2)
        torch.nn.init.normal_(self.head.weight, std=0.02)
        torch.nn.init.zeros_(self.head.bias)
        if (folder / "head.safetensors").exists():
            self.head.load_state_dict(load_file(folder / "head.safetensors"))

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.head.weight.device

    def forward(self, packed: Packed) -> torch.Tensor:
        """Logits (windows, tokens of the longest, 2); those beyond a window's end are far below all others."""
        kind = self.device.type
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=kind == "cuda" or multiplies_bfloat16()):
            states = self._states(packed, _attend_in_runs(packed) if kind == "cuda" else _attend_padded(packed))
        logits: torch.Tensor = self.head(states.float())[packed.places.clamp(min=0)]
        return logits.masked_fill((packed.places < 0)[..., None], -1e4)

    def _states(self, packed: Packed, attend: _Attend) -> torch.Tensor:
        """The encoder's last states, (tokens, width)."""
        parts = self.encoder.embeddings
        states = parts.word_embeddings(packed.ids) + parts.position_embeddings(packed.positions)
        states = self._drop(parts.LayerNorm(states + parts.token_type_embeddings.weight[0]))
        for layer in self.encoder.encoder.layer:
            states = self._layer(layer, states, attend)
        return states

    def _layer(self, layer: BertLayer, states: torch.Tensor, attend: _Attend) -> torch.Tensor:
        looks, after, heads = layer.attention.self, layer.attention.output, self.encoder.config.num_attention_heads
        asked, known, told = (part(states).unflatten(1, (heads, -1)) for part in (looks.query, looks.key, looks.value))
        states = after.LayerNorm(states + self._drop(after.dense(attend(asked, known, told).flatten(1))))
        inner = layer.intermediate.intermediate_act_fn(layer.intermediate.dense(states))
        normalised: torch.Tensor = layer.output.LayerNorm(states + self._drop(layer.output.dense(inner)))
        return normalised

    def _drop(self, states: torch.Tensor) -> torch.Tensor:
        return dropout(states, self.dropped, self.training)

    @torch.inference_mode()
    def scores(self, windows: list[Window]) -> list[NDArray[np.float32]]:
        """Logits of each window, (its tokens, 2)."""
        self.eval()
        order = sorted(range(len(windows)), key=lambda number: len(windows[number].ids))
        found: list[NDArray[np.float32]] = [np.empty((0, 2), np.float32)] * len(windows)
        for first in range(0, len(order), _WINDOWS_AT_ONCE):
            chosen = order[first : first + _WINDOWS_AT_ONCE]
            logits = self(pack([windows[number] for number in chosen]).to(self.device)).cpu().numpy()
            for row, number in enumerate(chosen):
                found[number] = logits[row, : len(windows[number].ids)]
        self.train()
        return found

    def save(self, folder: Path, tokenizer: Tokenizer) -> None:
        """Write encoder and tokenizer as `save_encoder` does, and the head (float32)."""
        save_encoder(self.encoder, tokenizer, folder)
        save_file(self.head.state_dict(), folder / "head.safetensors")


def _attend_in_runs(packed: Packed) -> _Attend:
    """As GPUs do it."""
    from torch.nn.attention.varlen import varlen_attn

    starts, longest = packed.starts, packed.places.shape[1]
    return lambda asked, known, told: varlen_attn(asked, known, told, starts, starts, longest, longest)


def _attend_padded(packed: Packed) -> _Attend:
    """Anywhere: padded for this alone."""
    taken, within = packed.places.clamp(min=0), packed.places >= 0

    def attend(*of_tokens: torch.Tensor) -> torch.Tensor:
        asked, known, told = (one[taken].transpose(1, 2) for one in of_tokens)
        return scaled_dot_product_attention(asked, known, told, within[:, None, None]).transpose(1, 2)[within]

    return attend


def save_encoder(model: BertModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write config.json, model.safetensors (float16) and tokenizer.json."""
    folder.mkdir(parents=True, exist_ok=True)
    half = AutoModel.from_config(model.config, add_pooling_layer=False)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
