"""Stand-ins that make tests quick: an embedder without a model, chat models that obey a script or are cut off."""

import contextlib
import hashlib
import os
import re
import signal
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.engine import Form, Message
from assistant.errors import ModelUnusable
from assistant.worker import LocalEngine


class BagOfWords:
    """An Embedder whose vectors count words by their hash: texts that share words are near each other.

    `encoded` keeps every document sentence that it was given, to tell what an update embedded.
    """

    slow_to_start = False

    def __init__(self, name: str = "bag-of-words", dimension: int = 64) -> None:
        self.name = name
        self.fingerprint = hashlib.sha256(f"{name} {dimension}".encode()).hexdigest()[:16]
        self.dimension = dimension
        self.encoded: list[str] = []

    def load(self) -> None:
        pass

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return self.encode_questions(texts)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        vectors[:, 0] = 0.1  # no text without a direction
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class Scripted:
    """An Engine that answers from a script, in turn, in pieces of one character; a token is a word.

    It keeps what it was asked, and whether it was closed. A script None is a model that breaks down.
    """

    name = "scripted"
    place: str | None = None

    def __init__(self, *scripts: str | None, context: int = 4096) -> None:
        self.context = context
        self.asked: list[tuple[Sequence[Message], Form, int]] = []
        self.closed = 0
        self._scripts = list(scripts)

    def count(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) + 4 for message in messages)

    def generate(self, messages: Sequence[Message], form: Form, limit: int) -> Iterator[str]:
        self.asked.append((messages, form, limit))
        script = self._scripts.pop(0)
        try:
            if script is None:
                raise ModelUnusable("scripted broke down.", "Ask again: assistant ask")
            yield from script
        finally:
            self.closed += 1

    def stop(self) -> None: ...

    def close(self) -> None: ...


class InterruptedEngine(LocalEngine):
    """A real model whose process gets a signal, once, after the first piece that it writes."""

    def __init__(self, path: Path, number: signal.Signals) -> None:
        super().__init__(path)
        self._number: signal.Signals | None = number

    def generate(self, messages: Sequence[Message], form: Form, limit: int) -> Iterator[str]:
        with contextlib.closing(super().generate(messages, form, limit)) as pieces:  # type: ignore[type-var]
            for piece in pieces:
                if self._number is not None:
                    os.kill(self.pid, self._number)
                    self._number = None
                yield piece
