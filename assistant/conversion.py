"""A BERT checkpoint's folder, as sentence-transformers saves it → one GGUF file that llama.cpp runs; 8 bits → 32.

Weights are read with safetensors and written with llama.cpp's own `gguf`: no torch. The tokenizer travels in the file's
metadata under the key that the GGUF specification reserves for it. Format: https://github.com/ggml-org/ggml,
docs/gguf.md.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import places
from assistant.llama import MAX_TOKENS_KEY, PROMPT_KEY, TOKENIZER_KEY

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POOLING = {"pooling_mode_mean_tokens": "MEAN", "pooling_mode_cls_token": "CLS"}
_TOKENIZERS = ("WordPiece", "Unigram")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a sentence-transformers folder says of a BERT encoder that can be written as GGUF.

    `matrices`, `table`: GGML's types of the weights and of the table of token vectors. 16 bits make questions' vectors
    those of sentence-transformers to four digits; 4 lose nothing of a table that came in 4. `prompt`: what stands
    before a question.
    """

    folder: Path
    name: str
    config: dict[str, Any]
    tokenizer: str
    pooling: str
    max_tokens: int
    matrices: str = "F16"
    table: str = "F16"
    prompt: str = ""


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint in `folder`, or None if it is not BERT with WordPiece or unigram pieces, mean or first-token
    pooling and nothing more.
    """
    try:
        modules = [module["type"].rsplit(".", 1)[-1] for module in _json(folder / "modules.json")]
        config = _json(folder / "config.json")
        pooling = _pooling(folder)
        tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
        known = json.loads(tokenizer)["model"]["type"] in _TOKENIZERS
        limit = _json(folder / "sentence_bert_config.json").get("max_seq_length") or config["max_position_embeddings"]
    except (OSError, LookupError, ValueError, TypeError):
        return None
    plain = modules in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
    if not (plain and known and pooling and _is_plain_bert(config)):
        return None
    if not (folder / "model.safetensors").is_file():
        return None
    limit = min(limit, config["max_position_embeddings"], 512)
    return Checkpoint(folder, folder.name, config, tokenizer, pooling, limit, prompt=question_prompt(folder))


def question_prompt(folder: Path) -> str:
    """What sentence-transformers' encode_query puts before a question, as the model in `folder` wants it."""
    try:
        return str((_json(folder / "config_sentence_transformers.json").get("prompts") or {}).get("query") or "")
    except (FileNotFoundError, ValueError):
        return ""


def write_gguf(checkpoint: Checkpoint, target: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write the checkpoint and more `metadata` to `target` at once: whoever opens it sees the whole file or none."""
    with _writer(target) as writer:
        _add_settings(writer, checkpoint)
        for key, value in (metadata or {}).items():
            writer.add_string(key, value)
        _add_tensors(writer, checkpoint)


def in_32_bits(path: Path) -> Path:
    """A copy of the GGUF whose matrices of 8 bits have 32, made once on each machine; `path` itself if none can be.

    The weights stay as they are. But what llama.cpp multiplies with 8 bits it rounds to 8 bits too, which changes one
    answer in fifty; and where a processor has to widen them each time, from 8 bits or from 16, an answer takes an
    eighth longer.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        copy = places.made_models_folder() / f"{path.stem}-{digest}-f32.gguf"
        if not copy.is_file():
            _widen(path, copy)
            _forget_copies(path.stem, copy)
    except (OSError, LookupError, OverflowError, TypeError, ValueError):
        # Of a damaged file, llama.cpp says what is wrong.
        return path
    return copy


def _widen(path: Path, copy: Path) -> None:
    import gguf

    given = gguf.GGUFReader(path)
    with _writer(copy) as writer:
        for field in given.fields.values():
            # The writer says these itself.
            if not field.name.startswith("GGUF.") and field.name != "general.architecture":
                writer.add_key_value(field.name, field.contents(), field.types[0])
        for tensor in given.tensors:
            if tensor.tensor_type == gguf.GGMLQuantizationType.Q8_0:
                writer.add_tensor(tensor.name, gguf.quants.dequantize(tensor.data, tensor.tensor_type))
            else:
                writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)


def _forget_copies(stem: str, kept: Path) -> None:
    """Delete the copies of earlier versions; one that another process needs can be made again."""
    for copy in kept.parent.glob(f"{stem}-*.gguf"):
        if copy != kept:
            with contextlib.suppress(OSError):
                copy.unlink()


@contextlib.contextmanager
def _writer(target: Path) -> Iterator[Any]:
    """What a BERT is added to, to be written to `target` at once: whoever opens it sees the whole file or none."""
    import gguf

    target.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=target.parent, suffix=".unfinished")
    os.close(handle)
    try:
        writer = gguf.GGUFWriter(unfinished, "bert")
        yield writer
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        Path(unfinished).replace(target)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _is_plain_bert(config: dict[str, Any]) -> bool:
    """Whether llama.cpp's BERT computes the same: it knows one activation and one kind of positions."""
    positions = config.get("position_embedding_type", "absolute")
    return (config.get("model_type"), config.get("hidden_act"), positions) == ("bert", "gelu", "absolute")


def _pooling(folder: Path) -> str | None:
    settings = _json(folder / "1_Pooling" / "config.json")
    modes = [mode for mode, on in settings.items() if mode.startswith("pooling_mode") and on]
    whole = settings.get("include_prompt", True)
    return _POOLING.get(modes[0]) if len(modes) == 1 and whole else None


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _add_settings(writer: Any, checkpoint: Checkpoint) -> None:
    import gguf

    config = checkpoint.config
    writer.add_name(checkpoint.name)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    # llama.cpp is given numbers of tokens, never text: the tokenizer below is the only one.
    writer.add_tokenizer_model("none")
    writer.add_vocab_size(config["vocab_size"])
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_pooling_type(gguf.PoolingType[checkpoint.pooling])
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{checkpoint.matrices}"])
    writer.add_string(TOKENIZER_KEY, _without_spaces(checkpoint.tokenizer))
    writer.add_string(MAX_TOKENS_KEY, str(checkpoint.max_tokens))
    if checkpoint.prompt:
        writer.add_string(PROMPT_KEY, checkpoint.prompt)


def _without_spaces(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def _add_tensors(writer: Any, checkpoint: Checkpoint) -> None:
    import gguf
    import numpy as np
    from safetensors.numpy import load_file

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, checkpoint.config["num_hidden_layers"])
    for key, weights in load_file(checkpoint.folder / "model.safetensors").items():
        key = key.removeprefix("bert.")
        endings = (".weight", ".bias")
        name = names.get_name(key, try_suffixes=endings) or names.get_name("bert." + key, try_suffixes=endings)
        if name is None or key.startswith("pooler"):
            continue
        tensor = weights.astype(np.float32)
        if _is_matrix(name, tensor):
            named = checkpoint.table if name.startswith("token_embd.") else checkpoint.matrices
            kind = gguf.GGMLQuantizationType[named]
            writer.add_tensor(name, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
        elif "position" in name:
            writer.add_tensor(name, tensor.astype(np.float16))
        else:
            writer.add_tensor(name, tensor)


def _is_matrix(name: str, tensor: "NDArray[Any]") -> bool:
    # Positions and token types are looked up, not multiplied: llama.cpp wants them in 16 bits or more.
    return tensor.ndim == 2 and tensor.shape[1] % 32 == 0 and "position" not in name and "token_types" not in name
