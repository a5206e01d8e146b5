"""Path → a model that llama.cpp has loaded, without a word on the terminal, and its metadata."""

import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelUnusable
from assistant.messages import _

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER_KEY = "tokenizer.huggingface.json"
MAX_TOKENS_KEY = "assistant.max_tokens"
PROMPT_KEY = "assistant.prompt"
"""Metadata: what an embedder wants before each question."""

_log: list[str] = []
_log_callback: Any = None


def quiet_llama() -> Any:
    """llama_cpp with its log kept in memory instead of on the terminal."""
    global _log_callback
    import llama_cpp

    if _log_callback is None:
        # Kept in a global: llama.cpp calls it until the process ends.
        _log_callback = llama_cpp.llama_log_callback(lambda _level, text, _data: _remember(text))
        llama_cpp.llama_log_set(_log_callback, ctypes.c_void_p(0))
    return llama_cpp


def load_model(path: Path, *, gpu: bool = False, remedy: str | None = None) -> Any:
    """llama.cpp's handle of the model in `path`. Raises ModelUnusable, with llama.cpp's own reason and `remedy`.

    `gpu`: whether its layers go to a graphics card, if llama.cpp was built for one.
    """
    remedy = remedy or make_again()
    if not path.is_file():
        raise ModelUnusable(_("no model file {path}.").format(path=path), remedy)
    llama = quiet_llama()
    _log.clear()
    parameters = llama.llama_model_default_params()
    parameters.n_gpu_layers = -1 if gpu and llama.llama_supports_gpu_offload() else 0
    model = llama.llama_model_load_from_file(os.fsencode(path), parameters)
    if not model:
        reason = next((line for line in _log if "error" in line), _("it is no GGUF file that llama.cpp knows"))
        raise ModelUnusable(_("llama.cpp cannot load {path}: {why}.").format(path=path, why=reason.strip()), remedy)
    return model


def read_metadata(model: Any, key: str) -> str | None:
    """One value of a loaded file's metadata as text, or None."""
    llama = quiet_llama()
    size = llama.llama_model_meta_val_str(model, key.encode(), None, 0)
    if size < 0:
        return None
    buffer = ctypes.create_string_buffer(size + 1)
    llama.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode("utf-8")


def read_tokenizer(model: Any, path: Path) -> "Tokenizer":
    """The tokenizer that a file made by assistant carries. Raises ModelUnusable if it carries none."""
    from tokenizers import Tokenizer

    stored, limit = read_metadata(model, TOKENIZER_KEY), read_metadata(model, MAX_TOKENS_KEY)
    if stored is None or limit is None:
        raise ModelUnusable(
            _("{path} is not an encoder made by assistant: it carries no tokenizer.").format(path=path),
            _("Let assistant make it from the checkpoint: assistant index --embedder FOLDER"),
        )
    tokenizer = Tokenizer.from_str(stored)
    tokenizer.no_padding()
    tokenizer.enable_truncation(int(limit))
    return tokenizer


def make_again() -> str:
    """What to do about a model file that is missing or damaged."""
    return _("Delete it and make it again: assistant index. If it came with assistant, install that again.")


def _remember(text: bytes) -> None:
    del _log[:-200]
    _log.append(text.decode("utf-8", "replace"))
