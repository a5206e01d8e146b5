"""multilingual-e5-small → the embedder, and the reader before its first step: only word pieces of French and English.

The pieces most frequent in the reference data are kept, each with its vector and its score, so that text is cut nearly
as it was in pre-training (as in Abdaoui et al., "Load What You Need", arXiv 2010.05609). For the reader, the top layers
are dropped (Sajjad et al., arXiv 2004.03844): they serve sentence embeddings, and the file and the time to answer
shrink.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertModel

from models.training.data import read_french_lines, read_pairs, read_questions
from models.training.encoder_model import save_encoder
from models.training.multilingual import Multilingual, make_tokenizer, read_multilingual, whole_tokenizer
from models.training.settings import Places

POSITIONS = 384
"""Positions kept of the encoder's 512: windows are shorter, and the file is smaller."""
_ALPHABETS = ((0x21, 0x530), (0x2010, 0x2100))
"""Latin with its accents, Greek, Cyrillic; punctuation and currencies: single characters that are always known."""
_LAYER_PARTS = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}


@dataclass(frozen=True)
class EncoderStartSettings:
    """`pieces`: the most frequent word pieces, kept beside single characters. `layers`: those kept, from 0."""

    name: str = "reader-start"
    pieces: int = 28_000
    layers: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7, 8)


def start_encoder(places: Places, settings: EncoderStartSettings) -> Path:
    """Write `work/<name>`: config.json, model.safetensors (float16), tokenizer.json; about a minute."""
    source = read_multilingual()
    kept = _frequent(places.data, source, settings.pieces)
    rows = np.array([*source.special, *kept])
    config = BertConfig(
        vocab_size=len(rows),
        hidden_size=source.width,
        num_hidden_layers=len(settings.layers),
        num_attention_heads=source.heads,
        intermediate_size=len(source.tensors["l0.fi.b"]),
        max_position_embeddings=POSITIONS,
        layer_norm_eps=source.epsilon,
        pad_token_id=0,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: torch.tensor(values) for name, values in _weights(source, rows, settings.layers)})
    folder = places.work / settings.name
    save_encoder(model, make_tokenizer([(source.pieces[i], float(source.scores[i])) for i in kept]), folder)
    return folder


def _weights(
    source: Multilingual, rows: NDArray[np.int64], layers: tuple[int, ...]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """transformers' names and values of the parts that are kept."""
    tensors = source.tensors
    yield "embeddings.word_embeddings.weight", tensors["emb.word"][rows]
    yield "embeddings.position_embeddings.weight", tensors["emb.pos"][:POSITIONS]
    yield "embeddings.token_type_embeddings.weight", tensors["emb.type"]
    yield "embeddings.LayerNorm.weight", tensors["emb.ln.w"]
    yield "embeddings.LayerNorm.bias", tensors["emb.ln.b"]
    for number, layer in enumerate(layers):
        for name, part in _LAYER_PARTS.items():
            yield f"encoder.layer.{number}.{name}.weight", tensors[f"l{layer}.{part}.w"]
            yield f"encoder.layer.{number}.{name}.bias", tensors[f"l{layer}.{part}.b"]


def _frequent(data: Path, source: Multilingual, count: int) -> list[int]:
    """Numbers of the pieces to keep: each language's counts weigh the same."""
    tokenizer = whole_tokenizer(source)
    shares = np.zeros(len(source.pieces))
    for texts in (_french(data), _english(data)):
        counts = np.zeros(len(shares))
        while block := list(islice(texts, 5_000)):
            for encoding in tokenizer.encode_batch(block):
                np.add.at(counts, encoding.ids, 1)
        shares += counts / counts.sum()
    shares[list(source.special)] = 0
    frequent = [int(i) for i in np.argsort(-shares, kind="stable")[:count] if shares[i]]
    return list(dict.fromkeys([*frequent, *(i for i, piece in enumerate(source.pieces) if _is_letter(piece))]))


def _is_letter(piece: str) -> bool:
    return len(piece) == 1 and any(first <= ord(piece) < after for first, after in _ALPHABETS)


def _french(data: Path) -> Iterator[str]:
    yield from (pair.french for pair in read_pairs(data / "parallel/train.tsv.gz"))
    yield from read_french_lines(data)
    yield from _asked(data / "qa_train/fr.jsonl.gz")


def _english(data: Path) -> Iterator[str]:
    yield from (pair.english for pair in read_pairs(data / "parallel/train.tsv.gz"))
    yield from _asked(data / "qa_train/en.jsonl.gz")


def _asked(path: Path) -> Iterator[str]:
    questions = [question for question in read_questions(path) if "lowercased" not in question.source]
    yield from (question.question for question in questions)
    yield from dict.fromkeys(question.context for question in questions)
