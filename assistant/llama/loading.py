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

_silence: Any = None


def quiet_llama() -> Any:
    """llama_cpp without its log on the terminal."""
    global _silence
    import llama_cpp

    if _silence is None:
        # A C function that does nothing, whatever it is given. In a Python function a Ctrl-C would be raised, and lost:
        # there is nobody between it and llama.cpp to catch it.
        _silence = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, llama_cpp.llama_log_callback)
        llama_cpp.llama_log_set(_silence, ctypes.c_void_p(0))
    return llama_cpp


def load_model(path: Path, *, gpu: bool = False, remedy: str | None = None) -> Any:
    """llama.cpp's handle of the model in `path`. Raises ModelUnusable, with llama.cpp's own reason and `remedy`.

    `gpu`: whether its layers go to a graphics card, if llama.cpp was built for one.
    """
    remedy = remedy or make_again()
    if not path.is_file():
        raise ModelUnusable(_("no model file {path}.").format(path=path), remedy)
    llama = quiet_llama()
    parameters = llama.llama_model_default_params()
    # Where the processor has AMX, llama.cpp's code for it ends the process at the first matrix of 4 to 8 bits, if a
    # compiler left out its tiles' shapes: https://github.com/ggml-org/llama.cpp/pull/26954
    parameters.use_extra_bufts = b"AMX_INT8 = 1" not in llama.llama_print_system_info()
    parameters.n_gpu_layers = -1 if gpu and llama.llama_supports_gpu_offload() else 0
    model = llama.llama_model_load_from_file(os.fsencode(path), parameters)
    if not model:
        why = _why_not_loaded(path, parameters)
        raise ModelUnusable(_("llama.cpp cannot load {path}: {why}.").format(path=path, why=why), remedy)
    return model


def _why_not_loaded(path: Path, parameters: Any) -> str:
    """What llama.cpp says when it tries once more."""
    llama, said = quiet_llama(), list[str]()
    listener = llama.llama_log_callback(lambda _level, text, _data: said.append(text.decode("utf-8", "replace")))
    llama.llama_log_set(listener, ctypes.c_void_p(0))
    try:
        model = llama.llama_model_load_from_file(os.fsencode(path), parameters)
    finally:
        llama.llama_log_set(_silence, ctypes.c_void_p(0))
    if model:
        llama.llama_model_free(model)
    return next((line for line in said if "error" in line), _("it is no GGUF file that llama.cpp knows")).strip()


def read_metadata(model: Any, key: str) -> str | None:
    """One value of a loaded file's metadata as text, or None."""
    llama = quiet_llama()
    size = llama.llama_model_meta_val_str(model, key.encode(), None, 0)
    if size < 0:
        return None
    buffer = ctypes.create_string_buffer(size + 1)
    llama.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    # Of a damaged file it need not be UTF-8: who reads the value says that it makes no sense.
    return buffer.value.decode("utf-8", "surrogateescape")


def read_tokenizer(model: Any, path: Path) -> "Tokenizer":
    """The tokenizer that a file made by assistant carries. Raises ModelUnusable if it has none that loads."""
    from tokenizers import Tokenizer

    stored, limit = read_metadata(model, TOKENIZER_KEY), read_metadata(model, MAX_TOKENS_KEY)
    if stored is None or limit is None:
        raise ModelUnusable(
            _("{path} is not an encoder made by assistant: it carries no tokenizer.").format(path=path),
            _("Let assistant make it from the checkpoint: assistant index --embedder FOLDER"),
        )
    try:
        tokenizer = Tokenizer.from_str(stored)
        tokenizer.enable_truncation(int(limit))
    except Exception as error:  # tokenizers has no narrower class
        raise ModelUnusable(
            _("{path} is damaged: its tokenizer makes no sense.").format(path=path), make_again()
        ) from error
    tokenizer.no_padding()
    return tokenizer


def make_again() -> str:
    """What to do about a model file that is missing or damaged."""
    return _("Delete it and make it again: assistant index. If it came with assistant, install that again.")
