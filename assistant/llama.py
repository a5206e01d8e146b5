"""The only module that imports llama_cpp: quantised models, loaded quietly and run in batches.

llama.cpp's high-level wrapper silences loading by pointing the process's file descriptors 1 and 2 at /dev/null, which a
terminal UI cannot bear, and tokenises without the special tokens; hence its low-level interface here.
"""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelUnusable
from assistant.messages import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

TOKENIZER_KEY = "tokenizer.huggingface.json"
MAX_TOKENS_KEY = "assistant.max_tokens"
_BATCH_TOKENS = 1024
_MAX_SEQUENCES = 64
_TOKENS_PER_THREAD = 256

_log: list[str] = []
_log_callback: Any = None


class SentenceEncoder:
    """A BERT-type GGUF that turns texts into unit vectors, pooled as the file says.

    The file carries its own tokenizer (metadata `tokenizer.huggingface.json`), so tokens are exactly those of the
    checkpoint it was made from. Raises ModelUnusable if llama.cpp cannot load the file or it is no such model.
    """

    def __init__(self, path: Path) -> None:
        self._llama = _quiet_llama()
        self._path = path
        self._model = self._load()
        self.tokenizer = self._read_tokenizer()
        self.dimension = int(self._llama.llama_model_n_embd(self._model))
        self._context = self._make_context()
        self._batch = self._llama.llama_batch_init(_BATCH_TOKENS, 0, 1)

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors, float32, shape (len(texts), dimension); texts beyond the model's length are cut."""
        import numpy as np

        sequences = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(sequences), self.dimension), dtype=np.float32)
        for first, last in _batches([len(sequence) for sequence in sequences]):
            vectors[first:last] = self._run(sequences[first:last])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
        return unit

    def metadata(self, key: str) -> str | None:
        """One value of the file's metadata as text, or None."""
        size = self._llama.llama_model_meta_val_str(self._model, key.encode(), None, 0)
        if size < 0:
            return None
        buffer = ctypes.create_string_buffer(size + 1)
        self._llama.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8")

    def close(self) -> None:
        """Free the memory that llama.cpp holds."""
        if self._model is not None:
            self._llama.llama_batch_free(self._batch)
            self._llama.llama_free(self._context)
            self._llama.llama_model_free(self._model)
            self._model = None

    def _load(self) -> Any:
        if not self._path.is_file():
            raise ModelUnusable(_("no model file {path}.").format(path=self._path), _make_again())
        _log.clear()
        parameters = self._llama.llama_model_default_params()
        parameters.n_gpu_layers = 0
        model = self._llama.llama_model_load_from_file(os.fsencode(self._path), parameters)
        if not model:
            reason = next((line for line in _log if "error" in line), _("it is no GGUF file that llama.cpp knows"))
            raise ModelUnusable(
                _("llama.cpp cannot load {path}: {why}.").format(path=self._path, why=reason.strip()), _make_again()
            )
        return model

    def _read_tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        stored, limit = self.metadata(TOKENIZER_KEY), self.metadata(MAX_TOKENS_KEY)
        if stored is None or limit is None:
            raise ModelUnusable(
                _("{path} is not an encoder made by assistant: it carries no tokenizer.").format(path=self._path),
                _("Let assistant make it from the checkpoint: assistant index --embedder FOLDER"),
            )
        tokenizer = Tokenizer.from_str(stored)
        tokenizer.no_padding()
        tokenizer.enable_truncation(int(limit))
        return tokenizer

    def _make_context(self) -> Any:
        parameters = self._llama.llama_context_default_params()
        # An encoder wants all tokens of a sequence in one micro-batch; unified cells keep the buffers small.
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = _BATCH_TOKENS
        parameters.n_seq_max = _MAX_SEQUENCES
        parameters.kv_unified = True
        parameters.embeddings = True
        context = self._llama.llama_init_from_model(self._model, parameters)
        if not context:
            what = _("llama.cpp has no memory to run {path}.").format(path=self._path)
            raise ModelUnusable(what, _("Close other programs, then type the same again: assistant ask"))
        return context

    def _run(self, sequences: Sequence[Sequence[int]]) -> "NDArray[np.float32]":
        import numpy as np

        self._fill(sequences)
        # llama.cpp's threads spin while they wait for each other: one that finds its core busy holds all of them up,
        # for up to seventy times what it brings. So a core is left to others, and a short input gets one thread.
        spare = max(1, (os.cpu_count() or 1) - 1)
        threads = min(spare, 1 + self._batch.n_tokens // _TOKENS_PER_THREAD)
        self._llama.llama_set_n_threads(self._context, threads, threads)
        if status := self._llama.llama_encode(self._context, self._batch):
            what = _("llama.cpp stopped with status {status} in {path}.").format(status=status, path=self._path)
            raise ModelUnusable(what, _make_again())
        rows = [self._llama.llama_get_embeddings_seq(self._context, i) for i in range(len(sequences))]
        return np.stack([np.ctypeslib.as_array(row, shape=(self.dimension,)).copy() for row in rows])

    def _fill(self, sequences: Sequence[Sequence[int]]) -> None:
        at = 0
        for number, sequence in enumerate(sequences):
            for position, token in enumerate(sequence):
                self._batch.token[at] = token
                self._batch.pos[at] = position
                self._batch.n_seq_id[at] = 1
                self._batch.seq_id[at][0] = number
                self._batch.logits[at] = 1
                at += 1
        self._batch.n_tokens = at


def _make_again() -> str:
    return _("Delete it and make it again: assistant index. If it came with assistant, install that again.")


def _batches(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Cut a run of sequences so that each batch keeps within the token and sequence limits."""
    cuts, tokens = [0], 0
    for i, length in enumerate(lengths):
        if i > cuts[-1] and (tokens + length > _BATCH_TOKENS or i - cuts[-1] == _MAX_SEQUENCES):
            cuts.append(i)
            tokens = 0
        tokens += length
    return list(zip(cuts, [*cuts[1:], len(lengths)], strict=True)) if lengths else []


def _quiet_llama() -> Any:
    """llama_cpp with its log kept in memory instead of on the terminal."""
    global _log_callback
    import llama_cpp

    if _log_callback is None:
        # Kept in a global: llama.cpp calls it until the process ends.
        _log_callback = llama_cpp.llama_log_callback(lambda _level, text, _data: _remember(text))
        llama_cpp.llama_log_set(_log_callback, ctypes.c_void_p(0))
    return llama_cpp


def _remember(text: bytes) -> None:
    del _log[:-200]
    _log.append(text.decode("utf-8", "replace"))
