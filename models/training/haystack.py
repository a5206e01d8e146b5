"""Public question sets → real libraries to search in, for what is fitted and measured on them."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.documents import Document
from assistant.embeddings import CheckpointEmbedder
from assistant.evaluation.datasets import load_questions
from assistant.evaluation.questions import GoldSpan, Question
from assistant.index import Library
from assistant.indexing import build
from models.training import data
from models.training.data import read_squad, sentence_spans
from models.training.written_questions import NEWSROOM, read_deciding

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


class RememberingEmbedder:
    """An embedder that encodes each text once, so that many libraries can be made of the same texts."""

    def __init__(self, embedder: CheckpointEmbedder) -> None:
        self._embedder = embedder
        self._vectors: dict[tuple[str, str], Any] = {}
        self.name, self.fingerprint, self.slow_to_start = embedder.name, embedder.fingerprint, False

    def load(self) -> None:
        """As the embedder does."""
        self._embedder.load()

    def encode_documents(self, texts: Sequence[str]) -> Any:
        """As the embedder does, each text once."""
        return self._remembered("document", texts)

    def encode_questions(self, texts: Sequence[str]) -> Any:
        """As the embedder does, each text once."""
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


def piaf_dev() -> Haystack:
    """The questions of PIAF's dev part, which trained nothing, over the contexts of both parts."""
    return _piaf("PIAF dev", "dev", lambda _context: True)


def piaf_held_out() -> Haystack:
    """The questions of PIAF's training articles that decide: models/training holds them out when it is told to."""
    chosen = {question.context for question in read_squad(SHARED / "piaf" / "train.json", held_out=True)}
    return _piaf("PIAF train, held-out articles", "train", lambda context: context in chosen)


def _piaf(name: str, part: str, wanted: Callable[[str], bool]) -> Haystack:
    sets = {name: load_questions(SHARED / "piaf" / f"{name}.json") for name in ("train", "dev")}
    documents = {f"{name} {title}": text for name, loaded in sets.items() for title, text in loaded.documents}
    questions = [_within(question, f"{part} ") for question in sets[part].questions]
    return _haystack(name, list(documents.items()), [q for q in questions if wanted(documents[q.context or ""])])


def fquad() -> Haystack:
    """FQuAD's sample, which trains nothing."""
    loaded = load_questions(SHARED / "eval_only" / "fquad-sample.json")
    return _haystack("FQuAD sample", loaded.documents, loaded.questions)


def written(among: Sequence[Document], *, newsroom: bool = True) -> Haystack:
    """The questions written for this project that decide, near misses too, over their texts and the others `among`
    which they are. `newsroom`: also the newsroom's, most of which nobody could ask of more than their own text."""
    names = {document.text: document.name for document in among}
    documents, questions = list(among), []
    for asked in read_deciding(SHARED):
        if asked.context not in names:
            names[asked.context] = f"written {len(names)}-0"
            documents.append(Document.from_text(names[asked.context], asked.context))
        if newsroom or asked.source != NEWSROOM:
            questions.append(_question(asked, names[asked.context]))
    return Haystack("written questions", tuple(documents), tuple(questions))


def _question(asked: data.Question, document: str) -> Question:
    spans = sentence_spans(asked.context, asked.language)
    golds = tuple(GoldSpan(document, start, end) for start, end in spans if start <= asked.start < end)
    answers = (asked.context[asked.start : asked.end],) if golds else ()
    return Question(document, asked.question, answers, golds, unanswerable=not golds, context=document)


def articles(haystack: Haystack, paragraphs_at_least: int = 2) -> Iterator[Haystack]:
    """Each article of so many paragraphs alone, with its questions, where it has any."""
    paragraphs: dict[str, list[Document]] = defaultdict(list)
    questions: dict[str, list[Question]] = defaultdict(list)
    for document in haystack.documents:
        paragraphs[_article(document.name)].append(document)
    for question in haystack.questions:
        questions[_article(question.context or "")].append(question)
    for article, asked in questions.items():
        if len(paragraphs[article]) >= paragraphs_at_least:
            yield Haystack(article, tuple(paragraphs[article]), tuple(asked))


def _article(document: str) -> str:
    return document.rpartition("-")[0]


@contextmanager
def library_of(haystack: Haystack, embedder: RememberingEmbedder) -> Iterator[Library]:
    """A library of the haystack's documents, for as long as the block lasts."""
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
    golds = tuple(
        replace(gold, document=prefix + gold.document) for gold in question.sentences if isinstance(gold, GoldSpan)
    )
    return replace(question, sentences=golds, context=f"{prefix}{question.context}")
