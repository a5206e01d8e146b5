"""The library folder, opened for reading: SQLite for documents, sentences and terms, FAISS for vectors.

A writer (assistant.generation) finishes a new file of vectors before the one SQLite transaction that makes it live, so
that whoever opens the folder at any moment finds the state before or after an update, never between.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from assistant import store
from assistant.embeddings import CheckpointEmbedder, Embedder
from assistant.errors import LibraryBroken, LibraryMissing, LibraryOutdated, SourceUnknown
from assistant.lexicon import Language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """A sentence with its text: `text` is document[start:end] in code points; `number` counts from 1."""

    document: str
    number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class SourcePassage:
    """A passage as stored: whole neighbouring sentences of one document, in order; `focus` is a sentence's number."""

    id: int
    document: str
    language: Language
    focus: int
    sentences: tuple[SourceSentence, ...]

    @property
    def focused(self) -> SourceSentence:
        """The sentence in focus."""
        return self.sentences[self.focus - self.sentences[0].number]


class Library:
    """A folder of indexed documents, open for reading. Use it in one thread at a time, and close it.

    `Library.open` raises LibraryMissing, LibraryBroken or LibraryOutdated; every method may raise LibraryBroken.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, embedder: Embedder | None = None) -> None:
        self.folder = folder
        self._database = database
        self._embedder = embedder
        self._generation = ""
        self._vectors: Any = None

    @classmethod
    def open(cls, folder: Path | str, embedder: Embedder | None = None) -> Self:
        """Open the library in `folder`; `embedder` replaces the one named in the library (an equal one, already
        loaded).
        """
        folder = Path(folder)
        if not (folder / store.DATABASE).is_file() or (folder / store.DATABASE).stat().st_size == 0:
            raise LibraryMissing(f"no library in {folder}.", f"Make one: assistant index --library {folder} PATH…")
        with store.trouble_reported(folder):
            database = store.connect(folder)
            store.check_schema(folder, database)
        library = cls(folder, database, embedder)
        library._check_recipe()
        return library

    def close(self) -> None:
        """Let go of the files."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def embedder(self) -> Embedder:
        """The embedder that made this library's vectors; another one after a writer changed it."""
        fingerprint = self._meta("fingerprint")
        embedder = self._embedder
        if embedder is None or embedder.fingerprint != fingerprint:
            embedder = self._embedder = CheckpointEmbedder(self._meta("embedder"), fingerprint)
        return embedder

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Within it, all reads see one state of the library, whatever a writer does meanwhile."""
        with store.trouble_reported(self.folder):
            self._database.execute("BEGIN")
            try:
                self._load_vectors()
                yield
            finally:
                self._database.execute("ROLLBACK")

    def nearest(self, vector: "NDArray[np.float32]", k: int) -> dict[int, float]:
        """The k passages nearest to a unit vector, by id, with their cosines in −1…1."""
        scores, ids = self._vectors.search(vector.reshape(1, -1), min(k, self._vectors.ntotal))
        return {int(i): float(score) for i, score in zip(ids[0], scores[0], strict=True) if i >= 0}

    def cosines(self, vector: "NDArray[np.float32]", ids: Iterable[int]) -> dict[int, float]:
        """Cosines in −1…1 of the passages `ids` to a unit vector."""
        return {i: float(self._vectors.reconstruct(i) @ vector) for i in ids}

    def matching(self, terms: Mapping[Language, Sequence[str]], k: int, around: float) -> dict[int, float]:
        """The k passages that match best by BM25 (higher is better, always > 0), by id.

        `terms` are the question's, stemmed in each language; `around` weighs the words of the focus's neighbours.
        """
        clauses = [
            f"{{{language} {language}_around}} : ({_any_of(words)})" for language, words in terms.items() if words
        ]
        if not clauses:
            return {}
        rows = self._database.execute(
            "SELECT rowid, -bm25(postings, 1.0, :around, 1.0, :around) FROM postings WHERE postings MATCH :terms "
            "ORDER BY 2 DESC, 1 LIMIT :k",
            {"around": around, "terms": " OR ".join(clauses), "k": k},
        )
        return {i: score for i, score in rows if score > 0}

    def passages(self, ids: Sequence[int]) -> list[SourcePassage]:
        """The passages `ids`, in that order."""
        return [self._passage(i) for i in ids]

    def sentences(self, document: str, first: int = 1, last: int | None = None) -> list[SourceSentence]:
        """Sentences first…last of a document, by the name that citations give it. Raises SourceUnknown."""
        row = self._database.execute(
            "SELECT documents.id FROM sources JOIN documents USING (sha256) WHERE name = ?", (document,)
        ).fetchone()
        if row is None:
            names = ", ".join(self.documents()[:10])
            raise SourceUnknown(f"no document {document} in {self.folder}.", f"It holds: {names}.")
        return self._sentences(row[0], document, first, last)

    def documents(self) -> list[str]:
        """The names of all documents, sorted. A text that several files hold has several names."""
        return [name for (name,) in self._database.execute("SELECT name FROM sources ORDER BY name")]

    def text(self, document: str) -> str:
        """A document's whole text. Raises SourceUnknown."""
        self.sentences(document, 1, 0)
        row = self._database.execute(
            "SELECT text FROM sources JOIN documents USING (sha256) WHERE name = ?", (document,)
        )
        return str(row.fetchone()[0])

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM sentences").fetchone()[0])

    def _passage(self, i: int) -> SourcePassage:
        document, language, number, first, last, name = self._database.execute(
            "SELECT documents.id, language, number, first, last, min(name) FROM passages JOIN sentences USING (id) "
            "JOIN documents ON documents.id = document JOIN sources USING (sha256) WHERE passages.id = ?",
            (i,),
        ).fetchone()
        return SourcePassage(i, name, language, number, tuple(self._sentences(document, name, first, last)))

    def _sentences(self, document: int, name: str, first: int, last: int | None) -> list[SourceSentence]:
        # The text is cut from the document itself, so that a citation cannot say what the document does not.
        rows = self._database.execute(
            "SELECT number, start, end, substr(text, start + 1, end - start) FROM sentences "
            "JOIN documents ON documents.id = document WHERE document = ? AND number BETWEEN ? AND ? ORDER BY number",
            (document, first, last if last is not None else 1 << 62),
        )
        return [SourceSentence(name, *row) for row in rows]

    def _load_vectors(self) -> None:
        if self._generation == self._meta("generation"):
            return
        try:
            self._read_vectors()
        except LibraryBroken:
            # A writer may have swept the file between our two looks; a second look sees its generation.
            self._database.execute("ROLLBACK")
            self._database.execute("BEGIN")
            self._read_vectors()

    def _read_vectors(self) -> None:
        generation = self._meta("generation")
        self._vectors = store.read_vectors(self.folder, generation, self._meta("vectors_sha256"))
        self._generation = generation

    def _check_recipe(self) -> None:
        if self._meta("recipe") != store.RECIPE:
            raise LibraryOutdated(
                f"the library in {self.folder} was made by another version of assistant ({self._meta('recipe')}).",
                f"Make it again from the texts that it holds: assistant index --library {self.folder}",
            )

    def _meta(self, key: str) -> str:
        return store.read_meta(self.folder, self._database)[key]


def _any_of(words: Sequence[str]) -> str:
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in dict.fromkeys(words))
