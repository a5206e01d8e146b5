"""A BERT encoder as it is trained: sequences of word pieces → a state each; token types all 0, as llama.cpp has them.

BERT's layers are written out, so that sequences can be read one after another, without padding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn.functional import dropout
from transformers import AutoModel, BertModel
from transformers.models.bert.modeling_bert import BertLayer

from assistant.embeddings import multiplies_bfloat16
from models.training.packing import Packed

_Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Queries, keys and values, each (tokens, heads, size of a head) → what each token sees of its sequence, alike."""
_LENGTH_STEP = 32
"""Tokens by which sequences that are padded to each other may differ."""


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
    """Anywhere: for this alone, sequences of like length are padded to each other. Products of matrices, since a CPU
    takes longer for the gradient of `scaled_dot_product_attention` than for all other steps together."""
    alike = [_alike(packed, rows) for rows in _of_like_length(packed)]
    back = torch.cat([one.tokens for one in alike]).argsort()

    def attend(asked: torch.Tensor, known: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        together = torch.stack([asked * asked.shape[-1] ** -0.5, known, told], dim=1).flatten(1)
        seen = [_attend_alike(together, one, asked.shape[1]) for one in alike]
        return torch.cat(seen).index_select(0, back).view_as(asked)

    return attend


@dataclass(frozen=True)
class _Alike:
    """Sequences of like length. `taken`: their tokens, padded, (sequences, tokens of the longest). `hidden`: added to
    what they see of each other, (sequences, 1, 1, tokens of the longest). `kept`: which of `taken`, in a row, are not
    padding; `tokens`: which tokens these are."""

    taken: torch.Tensor
    hidden: torch.Tensor
    kept: torch.Tensor
    tokens: torch.Tensor


def _of_like_length(packed: Packed) -> Iterator[torch.Tensor]:
    """Numbers of sequences."""
    steps = (packed.starts.diff() + _LENGTH_STEP - 1) // _LENGTH_STEP
    return ((steps == size).nonzero()[:, 0] for size in steps.unique())


def _alike(packed: Packed, rows: torch.Tensor) -> _Alike:
    places = packed.places[rows]
    places = places[:, (places >= 0).any(0)]
    within = places >= 0
    hidden = torch.zeros(within.shape, dtype=torch.bfloat16).masked_fill(~within, -1e4)
    return _Alike(places.clamp(min=0), hidden[:, None, None], within.flatten().nonzero()[:, 0], places[within])


def _attend_alike(together: torch.Tensor, alike: _Alike, heads: int) -> torch.Tensor:
    """What each token sees of its sequence, (tokens, width)."""
    rows = together.index_select(0, alike.taken.flatten()).view(*alike.taken.shape, 3, heads, -1)
    asked, known, told = rows.permute(2, 0, 3, 1, 4)
    seen = torch.softmax(asked @ known.transpose(-1, -2) + alike.hidden, -1) @ told
    return seen.transpose(1, 2).flatten(2).flatten(0, 1).index_select(0, alike.kept)


def save_encoder(model: BertModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write config.json, model.safetensors (float16) and tokenizer.json."""
    folder.mkdir(parents=True, exist_ok=True)
    half = AutoModel.from_config(model.config, add_pooling_layer=False)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
