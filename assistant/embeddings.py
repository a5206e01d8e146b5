"""Texts → unit vectors, float32.

sentence-transformers encodes documents: batches, GPUs, any model of its kind. Questions are encoded by the same weights
without torch, whose import no one-shot `ask` should wait for: a static model by NumPy, a BERT as a GGUF by llama.cpp.
Any other model answers questions through sentence-transformers, several seconds slower to start.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assistant import places
from assistant.conversion import Checkpoint, read_checkpoint, write_gguf
from assistant.errors import ModelUnusable
from assistant.llama import SentenceEncoder
from assistant.messages import _
from assistant.static import StaticEncoder, is_static

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_EMBEDDER = "static-fr-en"


class Embedder(Protocol):
    """What a library needs of an embedder. Vectors are float32 of unit length, so that inner product is cosine."""

    @property
    def name(self) -> str:
        """How `CheckpointEmbedder.named` finds it again."""

    @property
    def fingerprint(self) -> str:
        """What changes with the vectors: 16 hexadecimal digits."""

    @property
    def slow_to_start(self) -> bool:
        """Whether the first question of a process waits for torch."""

    def encode_documents(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of documents' sentences, shape (len(texts), dimension)."""

    def load(self) -> None:
        """Load what encode_questions needs, so that the first question does not wait for it."""

    def encode_questions(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of questions, shape (len(texts), dimension)."""


@dataclass(frozen=True)
class CheckpointEmbedder:
    """A sentence-transformers folder: documents through sentence-transformers, questions through llama.cpp if it can.

    `fingerprint` is 16 hexadecimal digits over the files that determine the vectors.
    """

    name: str
    fingerprint: str

    @classmethod
    def named(cls, name: str = DEFAULT_EMBEDDER) -> "CheckpointEmbedder":
        """The default, a sentence-transformers folder, or a model in Hugging Face's local cache.

        Raises ModelUnusable if there is no such model on this machine; nothing is fetched.
        """
        folder = _folder_of(name)
        # A folder is kept by its full path, so that the library finds it again from any working directory.
        return cls(str(folder) if Path(name).expanduser().is_dir() else name, _fingerprint(folder))

    @property
    def slow_to_start(self) -> bool:
        """Whether the first question of a process waits for torch."""
        return self._encoder is None

    def encode_documents(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of documents' sentences, shape (len(texts), dimension)."""
        vectors: NDArray[np.float32] = self._transformer.encode_document(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return vectors

    def load(self) -> None:
        """Load what encode_questions needs, so that the first question does not wait for it."""
        _loaded = self._encoder or self._transformer

    def encode_questions(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of questions, shape (len(texts), dimension)."""
        if self._encoder is not None:
            return self._encoder.encode(texts)
        vectors: NDArray[np.float32] = self._transformer.encode_query(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return vectors

    @cached_property
    def _encoder(self) -> StaticEncoder | SentenceEncoder | None:
        """What encodes questions without torch: a static model as it is, a BERT as GGUF; None for any other, and for
        one that wants a prompt before each question, which only sentence-transformers puts there.
        """
        gguf = places.made_models_folder() / f"embedder-{self.fingerprint}.gguf"
        if not gguf.is_file():
            if _has_prompts(self._folder):
                return None
            if is_static(self._folder):
                with _trouble_reported(self._folder):
                    return StaticEncoder(self._folder)
            checkpoint = read_checkpoint(self._folder)
            if checkpoint is None:
                return None
            with _trouble_reported(self._folder):
                self._write(checkpoint, gguf)
        return SentenceEncoder(gguf)

    def _write(self, checkpoint: Checkpoint, gguf: Path) -> None:
        try:
            write_gguf(checkpoint, gguf)
        except OSError as error:
            raise ModelUnusable(
                _("cannot write {path}: {why}.").format(path=gguf, why=error.strerror or error),
                _("Free some space, or let the environment's ASSISTANT_HOME name another folder: assistant index"),
            ) from error

    @cached_property
    def _folder(self) -> Path:
        folder = _folder_of(self.name)
        if _fingerprint(folder) != self.fingerprint:
            raise ModelUnusable(
                _("the embedder in {folder} is no longer the one that the library was made with.").format(
                    folder=folder
                ),
                _("Make the library again: assistant index"),
            )
        return folder

    @cached_property
    def _transformer(self) -> Any:
        # Without these, transformers draws a bar for every load and asks the hub about files that it already has.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        with _trouble_reported(self._folder):
            return SentenceTransformer(str(self._folder), local_files_only=True)


@contextlib.contextmanager
def _trouble_reported(folder: Path) -> Iterator[None]:
    """Turn what is raised for a damaged or foreign file in a model's folder into an error for people."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError) as error:
        raise ModelUnusable(
            _("the model in {folder} cannot be loaded: {why}.").format(folder=folder, why=error),
            _("Name another: assistant index --embedder FOLDER"),
        ) from error


def _folder_of(name: str) -> Path:
    if name == DEFAULT_EMBEDDER:
        return places.shipped("models/embedder")
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _cached_folder(name)
    if not (folder / "modules.json").is_file():
        raise ModelUnusable(
            _("{folder} holds no sentence-transformers model: it has no modules.json.").format(folder=folder),
            _("Name a folder that SentenceTransformer.save made: assistant index --embedder FOLDER"),
        )
    return folder.resolve()


def _cached_folder(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError) as error:
        raise ModelUnusable(
            _("no embedder {name}: it is neither a folder nor in Hugging Face's cache on this machine.").format(
                name=name
            ),
            _("Fetch it yourself, assistant opens no connection: hf download {name}").format(name=name),
        ) from error


def _has_prompts(folder: Path) -> bool:
    try:
        settings = json.loads((folder / "config_sentence_transformers.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return any(settings.get("prompts", {}).values())


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".safetensors", ".bin", ".json", ".txt") and ".cache" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
