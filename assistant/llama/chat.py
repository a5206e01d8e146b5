"""An instruct GGUF + messages + grammar → the model's text, piece by piece."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.engine import Message
from assistant.errors import ModelUnusable
from assistant.llama.loading import load_model, quiet_llama, read_metadata
from assistant.llama.prompts import Prompts, Vocabulary, another_model
from assistant.llama.sampling import Constrained
from assistant.messages import _

MOST_TOKENS = 8192
"""Tokens of context at most: the memory that a context takes grows with it, and our prompts are short."""
_BATCH_TOKENS = 512
_ABORTED = 2


class ChatModel:
    """A chat model in this process. What it read of the last prompt is kept: only what differs is read again.

    `context`: tokens that a prompt and its output share. `reused`: tokens of the last prompt that were not read again.
    Raises ModelUnusable for a file that is missing or damaged, a kind of model that llama.cpp does not know or that
    writes no text, and for want of memory.
    """

    def __init__(self, path: Path, most_tokens: int = MOST_TOKENS) -> None:
        self._llama = quiet_llama()
        self._path = path
        self._context: Any = None
        self._model = load_model(path, gpu=True, remedy=another_model())
        self._read: list[int] = []
        self._stopped: Callable[[], bool] = _never
        self.reused = 0
        try:
            self._refuse_encoder()
            self.vocabulary = Vocabulary(self._model)
            template = self._llama.llama_model_chat_template(self._model, None)
            self.prompts = Prompts(template.decode("utf-8", "replace") if template else None, self.vocabulary, path)
            self._make_context(most_tokens)
        except ModelUnusable:
            self.close()
            raise

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages in the model's template."""
        return len(self.prompts.encode(messages))

    def generate(
        self, messages: Sequence[Message], grammar: str, limit: int, stopped: Callable[[], bool] | None = None
    ) -> Iterator[str]:
        """Pieces of the output, at most `limit` tokens; `stopped`, asked many times a second, ends it early.

        An output that the limit cuts is the beginning of one that the grammar allows. Raises ModelUnusable for a
        prompt that fills the context, and ValueError for a grammar that llama.cpp cannot read.
        """
        prompt = self.prompts.encode(messages)
        room = self.context - len(prompt)
        if room < 1:
            raise self._too_long(len(prompt))
        output = Constrained(self.vocabulary, grammar)
        self._stopped = stopped or _never
        try:
            self._rewind(prompt)
            if self._read_on(prompt[self.reused :]):
                yield from self._write(output, min(limit, room))
        finally:
            self._stopped = _never
            output.close()

    def close(self) -> None:
        """Free the memory that llama.cpp holds."""
        if self._context:
            self._llama.llama_free(self._context)
        if self._model:
            self._llama.llama_model_free(self._model)
        self._context = self._model = None

    def _refuse_encoder(self) -> None:
        kind = read_metadata(self._model, "general.architecture") or ""
        pooling = read_metadata(self._model, f"{kind}.pooling_type") or "0"
        causal = read_metadata(self._model, f"{kind}.attention.causal") or "true"
        if pooling != "0" or causal == "false" or self._llama.llama_model_has_encoder(self._model):
            self._refuse(_("it is a model that encodes texts ({kind}), not one that writes them").format(kind=kind))
        vocabulary = self._llama.llama_model_get_vocab(self._model)
        if self._llama.llama_vocab_type(vocabulary) == self._llama.LLAMA_VOCAB_TYPE_NONE:
            self._refuse(_("it carries no vocabulary"))

    def _refuse(self, why: str) -> None:
        what = _("{path} cannot write answers: {why}.").format(path=self._path, why=why)
        raise ModelUnusable(what, another_model())

    def _make_context(self, most_tokens: int) -> None:
        parameters = self._llama.llama_context_default_params()
        self.context = min(most_tokens, int(self._llama.llama_model_n_ctx_train(self._model)))
        parameters.n_ctx = self.context
        parameters.n_batch = parameters.n_ubatch = _BATCH_TOKENS
        parameters.n_threads = parameters.n_threads_batch = _threads()
        # Kept: llama.cpp calls it while it computes.
        self._abort = self._llama.ggml_abort_callback(lambda _data: self._stopped())
        parameters.abort_callback = self._abort
        self._context = self._llama.llama_init_from_model(self._model, parameters)
        if not self._context:
            what = _("llama.cpp has no memory to run {path} with a context of {count} tokens.")
            remedy = _("Close other programs, or choose a smaller model: assistant models list")
            raise ModelUnusable(what.format(path=self._path, count=self.context), remedy)

    def _rewind(self, prompt: Sequence[int]) -> None:
        """Forget what was read from where `prompt` differs; its last token is read again, for its scores."""
        common = 0
        for old, new in zip(self._read, prompt[:-1], strict=False):
            if old != new:
                break
            common += 1
        memory = self._llama.llama_get_memory(self._context)
        # A recurrent model cannot forget a part.
        if not self._llama.llama_memory_seq_rm(memory, 0, common, -1):
            self._llama.llama_memory_clear(memory, True)
            common = 0
        del self._read[common:]
        self.reused = common

    def _read_on(self, tokens: Sequence[int]) -> bool:
        """Let the model read `tokens` after what it has read; False if it was stopped."""
        for start in range(0, len(tokens), _BATCH_TOKENS):
            part = tokens[start : start + _BATCH_TOKENS]
            # Held by a name: the batch only points to it.
            ids = (self._llama.llama_token * len(part))(*part)
            status = self._llama.llama_decode(self._context, self._llama.llama_batch_get_one(ids, len(part)))
            if status == _ABORTED or self._stopped():
                return False
            if status:
                what = _("llama.cpp stopped with status {status} in {path}.")
                raise ModelUnusable(what.format(status=status, path=self._path), another_model())
            self._read += part
        return True

    def _write(self, output: Constrained, limit: int) -> Iterator[str]:
        for left in range(limit, 0, -1):
            token = output.choose(self._scores())
            if token is None:
                return
            if text := output.accept(token):
                yield text
            if left > 1 and not self._read_on([token]):
                return

    def _scores(self) -> Any:
        import numpy as np

        pointer = self._llama.llama_get_logits_ith(self._context, -1)
        scores = np.ctypeslib.as_array(pointer, shape=(self.vocabulary.size,))
        if np.isnan(scores).any():
            self._refuse(_("its scores are no numbers"))
        return scores

    def _too_long(self, tokens: int) -> ModelUnusable:
        what = _("the question and its passages take {tokens} tokens; {path} can read {count}.")
        return ModelUnusable(what.format(tokens=tokens, path=self._path, count=self.context), another_model())


def _never() -> bool:
    return False


def _threads() -> int:
    """One for each processor; one fewer where they are llama.cpp's own, which spin while they wait for each other:
    one that finds its processor busy would hold up all. OpenMP's sleep, as `worker.py` has them do.
    """
    processors = os.cpu_count() or 1
    own = b"OPENMP = 1" not in quiet_llama().llama_print_system_info()
    return max(1, processors - own)
