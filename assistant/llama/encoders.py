"""A BERT-type GGUF + texts → one vector a text, or one state a token."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelUnusable
from assistant.llama.loading import PROMPT_KEY, load_model, make_again, quiet_llama, read_metadata, read_tokenizer
from assistant.messages import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH_TOKENS = 1024
_MAX_SEQUENCES = 64
_TOKENS_PER_THREAD = 256


class _Encoder:
    """A loaded model that encodes batches of token sequences; `pooled` or not is for its kinds to say.

    The file carries its own tokenizer (metadata `tokenizer.huggingface.json`), so tokens are exactly those of the
    checkpoint it was made from. Raises ModelUnusable if llama.cpp cannot load the file or it is no such model.
    """

    pooled: bool

    def __init__(self, path: Path) -> None:
        self._llama = quiet_llama()
        self._path = path
        self._model = load_model(path)
        self.tokenizer = read_tokenizer(self._model, path)
        self.dimension = int(self._llama.llama_model_n_embd(self._model))
        self._context = self._make_context()
        self._batch = self._llama.llama_batch_init(_BATCH_TOKENS, 0, 1)

    def metadata(self, key: str) -> str | None:
        """One value of the file's metadata as text, or None."""
        return read_metadata(self._model, key)

    def close(self) -> None:
        """Free the memory that llama.cpp holds."""
        if self._model is not None:
            self._llama.llama_batch_free(self._batch)
            self._llama.llama_free(self._context)
            self._llama.llama_model_free(self._model)
            self._model = None

    def _make_context(self) -> Any:
        parameters = self._llama.llama_context_default_params()
        # An encoder wants all tokens of a sequence in one micro-batch; unified cells keep the buffers small.
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = _BATCH_TOKENS
        parameters.n_seq_max = _MAX_SEQUENCES
        parameters.kv_unified = True
        parameters.embeddings = True
        if not self.pooled:
            parameters.pooling_type = self._llama.LLAMA_POOLING_TYPE_NONE
        context = self._llama.llama_init_from_model(self._model, parameters)
        if not context:
            what = _("llama.cpp has no memory to run {path}.").format(path=self._path)
            raise ModelUnusable(what, _("Close other programs, then type the same again: assistant ask"))
        return context

    def _run(self, sequences: Sequence[Sequence[int]]) -> None:
        """Encode one batch; its results are llama.cpp's until the next."""
        self._fill(sequences)
        # llama.cpp's threads spin while they wait for each other: one that finds its core busy holds all of them up,
        # for up to seventy times what it brings. So a core is left to others, and a short input gets one thread.
        spare = max(1, (os.cpu_count() or 1) - 1)
        threads = min(spare, 1 + self._batch.n_tokens // _TOKENS_PER_THREAD)
        self._llama.llama_set_n_threads(self._context, threads, threads)
        if status := self._llama.llama_encode(self._context, self._batch):
            what = _("llama.cpp stopped with status {status} in {path}.").format(status=status, path=self._path)
            raise ModelUnusable(what, make_again())

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


class SentenceEncoder(_Encoder):
    """A BERT-type GGUF that turns texts into unit vectors, pooled as the file says."""

    pooled = True

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of questions, float32, shape (len(texts), dimension); too long texts are cut."""
        import numpy as np

        prompt = self.metadata(PROMPT_KEY) or ""
        sequences = [encoding.ids for encoding in self.tokenizer.encode_batch([prompt + text for text in texts])]
        vectors = np.empty((len(sequences), self.dimension), dtype=np.float32)
        for first, last in _batches([len(sequence) for sequence in sequences]):
            self._run(sequences[first:last])
            for i in range(first, last):
                row = self._llama.llama_get_embeddings_seq(self._context, i - first)
                vectors[i] = np.ctypeslib.as_array(row, shape=(self.dimension,))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
        return unit


class TokenEncoder(_Encoder):
    """A BERT-type GGUF that gives the last layer's state of every token."""

    pooled = False

    def states(self, sequences: Sequence[Sequence[int]]) -> "list[NDArray[np.float32]]":
        """For each sequence of token ids, an array (tokens, dimension); at most _BATCH_TOKENS tokens in one."""
        import numpy as np

        found: list[NDArray[np.float32]] = []
        lengths = [len(sequence) for sequence in sequences]
        for first, last in _batches(lengths):
            self._run(sequences[first:last])
            tokens = sum(lengths[first:last])
            pointer = self._llama.llama_get_embeddings(self._context)
            rows = np.ctypeslib.as_array(pointer, shape=(tokens, self.dimension)).copy()
            found += np.split(rows, np.cumsum(lengths[first:last])[:-1])
        return found


def _batches(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Cut a run of sequences so that each batch keeps within the token and sequence limits."""
    cuts, tokens = [0], 0
    for i, length in enumerate(lengths):
        if i > cuts[-1] and (tokens + length > _BATCH_TOKENS or i - cuts[-1] == _MAX_SEQUENCES):
            cuts.append(i)
            tokens = 0
        tokens += length
    return list(zip(cuts, [*cuts[1:], len(lengths)], strict=True)) if lengths else []
