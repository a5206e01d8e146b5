"""Texts → unit vectors, float32.

sentence-transformers encodes documents: batches, GPUs, any model of its kind. Questions are encoded by the same weights
without torch, whose import no one-shot `ask` should wait for: a static model by NumPy, a BERT as a GGUF by llama.cpp.
Any other model answers questions through sentence-transformers, several seconds slower to start.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assistant import places
from assistant.conversion import Checkpoint, question_prompt, read_checkpoint, write_gguf
from assistant.errors import ModelUnusable
from assistant.llama import SentenceEncoder
from assistant.messages import _
from assistant.static import StaticEncoder, is_static

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_EMBEDDER = "e5-fr-en"
_FORMER_DEFAULTS = ("static-fr-en",)
"""What earlier versions called theirs: a library made with one is told from one made with a model of the user's."""
# On a processor, what its caches hold is a quarter faster than twice as much; a graphics card wants more at once.
_PROCESSOR_BATCH, _CARD_BATCH = 16, 64
# Kernels for 16 bits are made once for each length of a batch, so there must be few.
_PADDING = {"text": {"pad_to_multiple_of": 16}}


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

    `fingerprint` is 16 hexadecimal digits over the files that determine the vectors. `made_by`: the command that makes
    the library again, for people whose model has changed.
    """

    name: str
    fingerprint: str
    made_by: str = "assistant index"

    @classmethod
    def named(cls, name: str = DEFAULT_EMBEDDER) -> "CheckpointEmbedder":
        """The default, a sentence-transformers folder, or a model in Hugging Face's local cache.

        Raises ModelUnusable if there is no such model on this machine; nothing is fetched.
        """
        name = DEFAULT_EMBEDDER if name in _FORMER_DEFAULTS else name
        folder = _folder_of(name)
        # A folder is kept by its full path, so that the library finds it again from any working directory.
        return cls(str(folder) if Path(name).expanduser().is_dir() else name, _fingerprint(folder))

    @property
    def slow_to_start(self) -> bool:
        """Whether the first question of a process waits for torch."""
        return self._encoder is None

    def encode_documents(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of documents' sentences, shape (len(texts), dimension)."""
        model = self._transformer
        device = model.device.type
        with _bfloat16(device, self._checkpoint is not None):
            vectors: NDArray[np.float32] = model.encode_document(
                list(texts),
                batch_size=_PROCESSOR_BATCH if device == "cpu" else _CARD_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
                processing_kwargs=_PADDING,
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
        """What encodes questions without torch: a static model as it is, a BERT as GGUF; None for any other."""
        gguf = places.made_models_folder() / f"embedder-{self.fingerprint}.gguf"
        if not gguf.is_file():
            if is_static(self._folder):
                with _trouble_reported(self._folder):
                    return StaticEncoder(self._folder, question_prompt(self._folder))
            return self._made(self._checkpoint, gguf) if self._checkpoint is not None else None
        return SentenceEncoder(gguf)

    @cached_property
    def _checkpoint(self) -> Checkpoint | None:
        return read_checkpoint(self._folder)

    def _made(self, checkpoint: Checkpoint, gguf: Path) -> SentenceEncoder:
        """Write the checkpoint to `gguf`, or where that cannot be, to a place that this process alone uses."""
        with _trouble_reported(self._folder):
            try:
                write_gguf(checkpoint, gguf)
            except OSError:
                return _made_for_now(checkpoint, gguf.name)
        return SentenceEncoder(gguf)

    @cached_property
    def _folder(self) -> Path:
        folder = _folder_of(self.name)
        if _fingerprint(folder) != self.fingerprint:
            raise ModelUnusable(
                _("the embedder in {folder} is no longer the one that the library was made with.").format(
                    folder=folder
                ),
                _("Make the library again: {command}").format(command=self.made_by),
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


def _made_for_now(checkpoint: Checkpoint, name: str) -> SentenceEncoder:
    with tempfile.TemporaryDirectory(prefix="assistant-", ignore_cleanup_errors=True) as folder:
        gguf = Path(folder) / name
        try:
            write_gguf(checkpoint, gguf)
        except OSError as error:
            raise ModelUnusable(
                _("cannot write {path}: {why}.").format(path=gguf, why=error.strerror or error),
                _("Free some space, or let the environment's TMPDIR name another folder: assistant index"),
            ) from error
        return SentenceEncoder(gguf)


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies numbers of 16 bits itself: else they take many times as long as those of 32."""
    import torch

    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _bfloat16(device: str, bert: bool) -> contextlib.AbstractContextManager[Any]:
    """Multiply in 16 bits where the processor can: two or three times as fast, and the vectors of a BERT, whose last
    layer normalises in 32, stay the same to four digits.
    """
    import torch

    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=device == "cpu" and bert and multiplies_bfloat16())


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
    if name in (DEFAULT_EMBEDDER, *_FORMER_DEFAULTS):
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


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".safetensors", ".bin", ".json", ".txt") and ".cache" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
