"""The embedder → `models/embedder/`: a folder that sentence-transformers loads as it is.

Weights are float16, in which those that came in 4 bits lose nothing that matters. What encodes questions without torch
is the same folder written as GGUF (`assistant.conversion`), on the machine where it is first needed.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, processors
from transformers import AutoModel

from models.training.encoder_model import save_encoder
from models.training.multilingual import SPECIAL
from models.training.settings import Places

_PARTS = (
    ("", "sentence_transformers.models.Transformer"),
    ("1_Pooling", "sentence_transformers.models.Pooling"),
    ("2_Normalize", "sentence_transformers.models.Normalize"),
)
_PAD, _, _FIRST, _LAST = SPECIAL
PROMPTS = {"query": "query: ", "document": "passage: "}
"""What stands before a text, by what it is, as the model learnt it."""


@dataclass(frozen=True)
class ShippingSettings:
    """The encoder's folder under `work`, and the tokens after which a text is cut."""

    folder: str = "embedder"
    longest: int = 384


def ship_embedder(places: Places, settings: ShippingSettings) -> Path:
    """Write `models/embedder/` from `work/<folder>`; the card (README.md) is kept as it is."""
    source, target = places.work / settings.folder, places.models / "embedder"
    model = AutoModel.from_pretrained(source, add_pooling_layer=False)
    save_encoder(model, marked(Tokenizer.from_file(str(source / "tokenizer.json"))), target)
    (target / "model.safetensors").chmod(0o644)
    # The weights are stored in 16 bits and computed with in 32.
    described = {"config.json": json.loads((target / "config.json").read_text()) | {"dtype": "float32"}}
    described |= _described(settings.longest, model.config.hidden_size)
    for name, values in described.items():
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_text(json.dumps(values, indent=2) + "\n")
    return target


def marked(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer, with the marks put around a text. Text that spells a mark is no mark, but for padding's, which
    transformers insists on."""
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in (_FIRST, _LAST)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{_FIRST} $A {_LAST}", special_tokens=marks)
    tokenizer.add_special_tokens([_PAD])
    return tokenizer


def _described(longest: int, dimensions: int) -> dict[str, Any]:
    """What sentence-transformers reads beside the weights, by file."""
    return {
        "modules.json": [
            {"idx": number, "name": str(number), "path": path, "type": kind}
            for number, (path, kind) in enumerate(_PARTS)
        ],
        "config_sentence_transformers.json": {
            "model_type": "SentenceTransformer",
            "similarity_fn_name": "cosine",
            "prompts": PROMPTS,
        },
        "sentence_bert_config.json": {"max_seq_length": longest, "model_args": {"add_pooling_layer": False}},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": longest,
            "clean_up_tokenization_spaces": False,
            "pad_token": _PAD,
        },
        "1_Pooling/config.json": {"word_embedding_dimension": dimensions, "pooling_mode_mean_tokens": True},
    }
