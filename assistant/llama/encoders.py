"""A BERT-type GGUF + texts → one vector a text, or one state a token.

llama.cpp's own threads share each matrix and spin while they wait for each other: one that finds its core busy holds
all of them up, for up to seventy times what it brings. So here each thread has a context of its own, and encodes whole
sequences: a long one alone, since those of a batch see each other's tokens only to mask them; short ones together,
since all weights are read for each batch.
"""

import os
import queue
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelUnusable
from assistant.llama.loading import PROMPT_KEY, load_model, make_again, quiet_llama, read_metadata, read_tokenizer
from assistant.messages import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONGEST = 512
# So that words are encoded together, and a question's windows, which are longer, by different threads.
_TOKENS_TOGETHER = 32
# A question's passages stand in two to six sequences, and each lane takes some 40 MB.
_LANES = 4
# From so many tokens on llama.cpp's attention works in tiles: 60 take 66 ms on one core with AVX-512, 64 take 33. So
# fewer are filled up, with a sequence that nobody asked for.
_TILE = 64


class _Lane:
    """A context of a loaded model, for one thread at a time. Raises ModelUnusable for want of memory."""

    def __init__(self, model: Any, path: Path, *, pooled: bool) -> None:
        self._llama, self._path = quiet_llama(), path
        parameters = self._llama.llama_context_default_params()
        # An encoder wants all tokens of a sequence in one micro-batch, and buffers grow with what that may hold.
        longest = min(_LONGEST, int(self._llama.llama_model_n_ctx_train(model)))
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = longest
        parameters.n_seq_max = _TOKENS_TOGETHER
        parameters.kv_unified = True
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.embeddings = True
        if pooled:
            # A question is short: less than a tile, which "flash" attention is slow for.
            parameters.flash_attn_type = self._llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        else:
            parameters.pooling_type = self._llama.LLAMA_POOLING_TYPE_NONE
        self._context = self._llama.llama_init_from_model(model, parameters)
        if not self._context:
            what = _("llama.cpp has no memory to run {path}.").format(path=path)
            raise ModelUnusable(what, _("Close other programs, then type the same again: assistant ask"))
        self._batch = self._llama.llama_batch_init(longest, 0, 1)
        self._pooled = pooled
        self._tile = 0 if pooled else min(_TILE, longest)
        self.dimension = int(self._llama.llama_model_n_embd(model))

    def encode(self, sequences: Sequence[Sequence[int]]) -> "list[NDArray[np.float32]]":
        """For each sequence of one batch its vector, (dimension,), or its tokens' states, (tokens, dimension)."""
        import numpy as np

        lengths = [len(sequence) for sequence in sequences]
        missing = self._tile - sum(lengths)
        filled = missing > 0 and len(sequences) < _TOKENS_TOGETHER
        self._fill([*sequences, [0] * missing] if filled else sequences)
        if status := self._llama.llama_encode(self._context, self._batch):
            what = _("llama.cpp stopped with status {status} in {path}.").format(status=status, path=self._path)
            raise ModelUnusable(what, make_again())
        if self._pooled:
            rows = (self._llama.llama_get_embeddings_seq(self._context, number) for number in range(len(sequences)))
            return [np.ctypeslib.as_array(row, shape=(self.dimension,)).copy() for row in rows]
        states = self._llama.llama_get_embeddings(self._context)
        values = np.ctypeslib.as_array(states, shape=(self._batch.n_tokens, self.dimension)).copy()
        return np.split(values, np.cumsum(lengths))[: len(sequences)]

    def close(self) -> None:
        """Free the memory that llama.cpp holds."""
        self._llama.llama_batch_free(self._batch)
        self._llama.llama_free(self._context)

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


class _Encoder:
    """A loaded model that encodes sequences of at most _LONGEST tokens, for any number of threads; `pooled` or not is
    for its kinds to say.

    The file carries its own tokenizer (metadata `tokenizer.huggingface.json`), so tokens are exactly those of the
    checkpoint it was made from. Raises ModelUnusable if llama.cpp cannot load the file or it is no such model.
    """

    pooled: bool

    def __init__(self, path: Path) -> None:
        self._path = path
        self._model = load_model(path)
        self.tokenizer = read_tokenizer(self._model, path)
        self._lanes: list[_Lane] = []
        self._free: queue.SimpleQueue[_Lane] = queue.SimpleQueue()
        self._growing = threading.Lock()
        self._grow(1)
        self.dimension = self._lanes[0].dimension

    def metadata(self, key: str) -> str | None:
        """One value of the file's metadata as text, or None."""
        return read_metadata(self._model, key)

    def close(self) -> None:
        """Free the memory that llama.cpp holds."""
        for _lane in self._lanes:
            # One that still reads what nobody waits for is free when it is done.
            self._free.get().close()
        self._lanes = []
        if self._model is not None:
            quiet_llama().llama_model_free(self._model)
            self._model = None

    def _grow(self, wanted: int) -> None:
        with self._growing:
            while len(self._lanes) < wanted:
                self._lanes.append(_Lane(self._model, self._path, pooled=self.pooled))
                self._free.put(self._lanes[-1])

    def _encode(self, groups: Sequence[Sequence[Sequence[int]]]) -> "Generator[list[NDArray[np.float32]]]":
        """What the sequences of each group are encoded as, group by group, by a thread on each processor, at most
        _LANES: a group is begun as soon as a thread has nothing left to do of the last one. What is not begun when the
        generator is closed is left out.
        """
        batches = [_batches([len(sequence) for sequence in group]) for group in groups]
        threads = _threads(self.pooled)
        self._grow(min(_most_threads(), sum(map(len, batches))))
        begun = [
            [threads.submit(self._encode_batch, [group[number] for number in batch]) for batch in of_group]
            for group, of_group in zip(groups, batches, strict=True)
        ]
        try:
            for group, of_group, encodings in zip(groups, batches, begun, strict=True):
                found: dict[int, NDArray[np.float32]] = {}
                for batch, encoding in zip(of_group, encodings, strict=True):
                    found |= zip(batch, encoding.result(), strict=True)
                yield [found[number] for number in range(len(group))]
        finally:
            for encoding in (encoding for encodings in begun for encoding in encodings):
                encoding.cancel()

    def _encode_batch(self, sequences: Sequence[Sequence[int]]) -> "list[NDArray[np.float32]]":
        lane = self._free.get()
        try:
            return lane.encode(sequences)
        finally:
            self._free.put(lane)


def _most_threads() -> int:
    return min(os.cpu_count() or 1, _LANES)


@cache
def _threads(pooled: bool) -> ThreadPoolExecutor:
    """Those of all encoders of a kind, for as long as the program runs: a question's vector waits for no reader's."""
    return ThreadPoolExecutor(_most_threads())


class SentenceEncoder(_Encoder):
    """A BERT-type GGUF that turns texts into unit vectors, pooled as the file says."""

    pooled = True

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of questions, float32, shape (len(texts), dimension); too long texts are cut."""
        import numpy as np

        prompt = self.metadata(PROMPT_KEY) or ""
        encodings = self.tokenizer.encode_batch([prompt + text for text in texts])
        [found] = self._encode([[encoding.ids for encoding in encodings]])
        vectors = np.array(found, dtype=np.float32).reshape(-1, self.dimension)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
        return unit


class TokenEncoder(_Encoder):
    """A BERT-type GGUF that gives the last layer's state of every token."""

    pooled = False

    def states(self, groups: Sequence[Sequence[Sequence[int]]]) -> "Generator[list[NDArray[np.float32]]]":
        """For each group of sequences of token ids in turn, an array (tokens, dimension) a sequence; at most _LONGEST
        tokens in one. Close the generator to leave out what is not begun."""
        return self._encode(groups)


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Numbers of sequences, in batches of at most _TOKENS_TOGETHER tokens or of one sequence. The longest come first:
    none is left to be read when all other threads are done.
    """
    batches: list[list[int]] = []
    room = 0
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        if lengths[number] > room:
            batches.append([])
            room = _TOKENS_TOGETHER
        batches[-1].append(number)
        room -= lengths[number]
    return batches
