"""Public question sets → real libraries to search in, for the benchmarks of this folder."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.documents import Document
from assistant.embeddings import CheckpointEmbedder
from assistant.evaluation.datasets import load_questions
from assistant.evaluation.questions import GoldSpan, Question
from assistant.index import Library
from assistant.indexing import build

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


class RememberingEmbedder:
    """An embedder that encodes each text once, so that many libraries can be made of the same texts."""

    def __init__(self, embedder: CheckpointEmbedder) -> None:
        self._embedder = embedder
        self._vectors: dict[tuple[str, str], Any] = {}
        self.name, self.fingerprint, self.slow_to_start = embedder.name, embedder.fingerprint, False

    def load(self) -> None:
        self._embedder.load()

    def encode_documents(self, texts: Sequence[str]) -> Any:
        return self._remembered("document", texts)

    def encode_questions(self, texts: Sequence[str]) -> Any:
        return self._remembered("question", texts)

    def _remembered(self, kind: str, texts: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if (kind, text) not in self._vectors]
        if new:
            encode = getattr(self._embedder, f"encode_{kind}s")
            self._vectors |= {(kind, text): vector for text, vector in zip(new, encode(new), strict=True)}
        return np.stack([self._vectors[kind, text] for text in texts])


@dataclass(frozen=True)
class Haystack:
    """Questions, and all documents to look for their answers in."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]


def piaf(part: str) -> Haystack:
    """The questions of PIAF's `part` (train or dev) over the contexts of both."""
    sets = {name: load_questions(SHARED / "piaf" / f"{name}.json") for name in ("train", "dev")}
    documents = [(f"{name} {title}", text) for name, loaded in sets.items() for title, text in loaded.documents]
    questions = [_within(question, f"{part} ") for question in sets[part].questions]
    return _haystack(f"PIAF {part}", documents, questions)


def fquad() -> Haystack:
    """FQuAD's sample, which trains nothing."""
    loaded = load_questions(SHARED / "eval_only" / "fquad-sample.json")
    return _haystack("FQuAD sample", loaded.documents, loaded.questions)


def sample(haystack: Haystack, size: int) -> Haystack:
    """The same documents and `size` of the questions, always the same ones."""
    chosen = np.random.default_rng(0).permutation(len(haystack.questions))[:size]
    return Haystack(haystack.name, haystack.documents, tuple(haystack.questions[i] for i in sorted(chosen)))


@contextmanager
def library_of(haystack: Haystack, embedder: RememberingEmbedder) -> Iterator[Library]:
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), haystack.documents, embedder)
        with Library.open(folder, embedder) as library:
            yield library


def gold_sentences(question: Question) -> set[tuple[str, int]]:
    """Documents and offsets of the sentences that answer."""
    return {(gold.document, gold.start) for gold in question.sentences if isinstance(gold, GoldSpan)}


def _haystack(name: str, documents: Sequence[tuple[str, str]], questions: Sequence[Question]) -> Haystack:
    answerable = tuple(question for question in questions if not question.unanswerable)
    return Haystack(name, tuple(Document.from_text(title, text) for title, text in documents), answerable)


def _within(question: Question, prefix: str) -> Question:
    from dataclasses import replace

    golds = tuple(
        replace(gold, document=prefix + gold.document) for gold in question.sentences if isinstance(gold, GoldSpan)
    )
    return replace(question, sentences=golds)
