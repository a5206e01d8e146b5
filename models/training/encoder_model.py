"""A BERT encoder as it is trained: sequences of word pieces → a state each; token types all 0, as llama.cpp has them.

BERT's layers are written out, so that sequences can be read one after another, without padding.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn.functional import dropout, scaled_dot_product_attention
from transformers import AutoModel, BertModel
from transformers.models.bert.modeling_bert import BertLayer

from assistant.embeddings import multiplies_bfloat16
from models.training.packing import Packed

_Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Queries, keys and values, each (tokens, heads, size of a head) → what each token sees of its sequence, alike."""


class EncoderModel(torch.nn.Module):
    """The encoder in `folder`; `dropped`: share 0…1 of what dropout leaves out while it trains. Its word vectors are
    never trained: they stay the 4-bit values that they came as, and words that no question holds keep theirs."""

    def __init__(self, folder: Path, dropped: float = 0.0) -> None:
        super().__init__()
        self.dropped = dropped
        self.encoder = AutoModel.from_pretrained(folder, add_pooling_layer=False).float()
        self.encoder.embeddings.word_embeddings.requires_grad_(False)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.encoder.embeddings.word_embeddings.weight.device

    def states(self, packed: Packed) -> torch.Tensor:
        """The last layer's states, float32, (tokens, width)."""
        kind = self.device.type
        attend = _attend_in_runs(packed) if kind == "cuda" else _attend_padded(packed)
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=kind == "cuda" or multiplies_bfloat16()):
            parts = self.encoder.embeddings
            states = parts.word_embeddings(packed.ids) + parts.position_embeddings(packed.positions)
            states = self._drop(parts.LayerNorm(states + parts.token_type_embeddings.weight[0]))
            for layer in self.encoder.encoder.layer:
                states = self._layer(layer, states, attend)
        return states.float()

    def _layer(self, layer: BertLayer, states: torch.Tensor, attend: _Attend) -> torch.Tensor:
        looks, after, heads = layer.attention.self, layer.attention.output, self.encoder.config.num_attention_heads
        asked, known, told = (part(states).unflatten(1, (heads, -1)) for part in (looks.query, looks.key, looks.value))
        states = after.LayerNorm(states + self._drop(after.dense(attend(asked, known, told).flatten(1))))
        inner = layer.intermediate.intermediate_act_fn(layer.intermediate.dense(states))
        normalised: torch.Tensor = layer.output.LayerNorm(states + self._drop(layer.output.dense(inner)))
        return normalised

    def _drop(self, states: torch.Tensor) -> torch.Tensor:
        return dropout(states, self.dropped, self.training)


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
