"""The library folder, opened for reading: SQLite for documents, sentences and terms, FAISS for vectors.

A writer (assistant.generation) finishes a new file of vectors before the one SQLite transaction that makes it live, so
that whoever opens the folder at any moment finds the state before or after an update, never between.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from assistant import store
from assistant.documents import is_unicode
from assistant.embeddings import CheckpointEmbedder, Embedder
from assistant.errors import LibraryBroken, LibraryMissing, LibraryOutdated, SourceUnknown
from assistant.lexicon import Language
from assistant.messages import _
from assistant.sources import Posting, SourcePassage, SourceSentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST = 1 << 62  # more sentences than SQLite's numbers can count


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
        missing = LibraryMissing(
            _("no library in {folder}.").format(folder=folder),
            _("Make one: assistant index --library {folder} PATH…").format(folder=folder),
        )
        if not (folder / store.DATABASE).is_file() or (folder / store.DATABASE).stat().st_size == 0:
            raise missing
        with store.trouble_reported(folder), contextlib.ExitStack() as undo:
            database = store.connect(folder)
            undo.callback(database.close)
            if store.is_empty(database):
                raise missing
            store.check_schema(folder, database)
            database.execute("CREATE VIRTUAL TABLE temp.frequencies USING fts5vocab (main, postings, col)")
            library = cls(folder, database, embedder)
            library._check_recipe()
            undo.pop_all()
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
            again = f"assistant index --library {self.folder}"
            embedder = self._embedder = CheckpointEmbedder(self._meta("embedder"), fingerprint, again)
        return embedder

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Within it, all reads see one state of the library, whatever a writer does meanwhile."""
        with self._one_state():
            self._load_vectors()
            yield

    def nearest(self, vector: "NDArray[np.float32]", k: int) -> dict[int, float]:
        """The k passages nearest to a unit vector, by id, with their cosines in −1…1."""
        if self._vectors is None or not self._vectors.ntotal:  # the last document went
            return {}
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

    def postings(self, ids: Iterable[int]) -> Iterator[Posting]:
        """The terms of the passages `ids`, and where they stand, in any order."""
        rows = self._database.execute(
            "SELECT sentences.id, document, number, fr, fr_around, en, en_around FROM json_each(?) "
            "JOIN postings ON postings.rowid = json_each.value JOIN sentences ON sentences.id = json_each.value",
            (json.dumps(list(ids)),),
        )
        for i, document, number, fr, fr_around, en, en_around in rows:
            language: Language = "en" if fr is None else "fr"
            own, around = (en, en_around) if fr is None else (fr, fr_around)
            yield Posting(i, document, number, language, frozenset(own.split()), frozenset(around.split()))

    def frequencies(self, language: Language, terms: Iterable[str]) -> dict[str, int]:
        """In how many sentences of that language's documents each term occurs."""
        counts = dict.fromkeys(terms, 0)
        for term in counts:
            row = self._database.execute(
                "SELECT doc FROM temp.frequencies WHERE term = ? AND col = ?", (term, language)
            ).fetchone()
            counts[term] = row[0] if row else 0
        return counts

    def passages(self, ids: Sequence[int]) -> list[SourcePassage]:
        """The passages `ids`, in that order."""
        return [self._passage(i) for i in ids]

    def passages_of(self, document: str) -> list[SourcePassage]:
        """All passages of a document, in order. Raises SourceUnknown."""
        self.sentences(document, 1, 0)
        with self._one_state():
            rows = self._database.execute(
                "SELECT passages.id FROM sources JOIN documents USING (sha256) "
                "JOIN sentences ON sentences.document = documents.id JOIN passages ON passages.id = sentences.id "
                "WHERE name = ? ORDER BY number",
                (document,),
            )
            return self.passages([i for (i,) in rows])

    def sentences(self, document: str, first: int = 1, last: int | None = None) -> list[SourceSentence]:
        """Sentences first…last of a document, by the name that citations give it. Raises SourceUnknown."""
        with self._one_state():
            row = self._database.execute(
                "SELECT documents.id FROM sources JOIN documents USING (sha256) WHERE name = ?",
                (document if is_unicode(document) else "",),
            ).fetchone()
            if row is None:
                names = ", ".join(self.documents()[:10])
                raise SourceUnknown(
                    _("no document {document} in {folder}.").format(document=document, folder=self.folder),
                    _("It holds: {names}. See one: assistant show DOCUMENT").format(names=names),
                )
            return self._sentences(row[0], document, first, last)

    def documents(self) -> list[str]:
        """The names of all documents, sorted. A text that several files hold has several names."""
        with self._one_state():
            return [name for (name,) in self._database.execute("SELECT name FROM sources ORDER BY name")]

    def text(self, document: str) -> str:
        """A document's whole text. Raises SourceUnknown."""
        with self._one_state():
            self.sentences(document, 1, 0)
            row = self._database.execute(
                "SELECT text FROM sources JOIN documents USING (sha256) WHERE name = ?", (document,)
            )
            return str(row.fetchone()[0])

    def source_state(self, document: str) -> Literal["same", "changed", "gone"]:
        """What became of the file that a document was read from. Raises SourceUnknown."""
        with self._one_state():
            self.sentences(document, 1, 0)
            row = self._database.execute("SELECT path, sha256 FROM sources WHERE name = ?", (document,))
            path, sha256 = row.fetchone()
        try:
            with Path(path).open("rb") as file:
                return "same" if hashlib.file_digest(file, "sha256").hexdigest() == sha256 else "changed"
        except OSError:
            return "gone"

    def __len__(self) -> int:
        with self._one_state():
            return int(self._database.execute("SELECT count(*) FROM sentences").fetchone()[0])

    @contextlib.contextmanager
    def _one_state(self) -> Iterator[None]:
        """A read transaction, unless there is one already."""
        with store.trouble_reported(self.folder):
            if self._database.in_transaction:
                yield
                return
            self._database.execute("BEGIN")
            try:
                yield
            finally:
                self._database.execute("ROLLBACK")

    def _passage(self, i: int) -> SourcePassage:
        document, number, first, last, name = self._database.execute(
            "SELECT documents.id, number, first, last, min(name) FROM passages JOIN sentences USING (id) "
            "JOIN documents ON documents.id = document JOIN sources USING (sha256) WHERE passages.id = ?",
            (i,),
        ).fetchone()
        return SourcePassage(i, name, number, tuple(self._sentences(document, name, first, last)))

    def _sentences(self, document: int, name: str, first: int, last: int | None) -> list[SourceSentence]:
        # The text is cut from the document itself, so that a citation cannot say what the document does not.
        rows = self._database.execute(
            "SELECT number, start, end FROM sentences WHERE document = ? AND number BETWEEN ? AND ? ORDER BY number",
            (document, min(first, _MOST), min(last, _MOST) if last is not None else _MOST),
        ).fetchall()
        if not rows:
            return []
        origin, end = rows[0][1], rows[-1][2]
        (text,) = self._database.execute(
            "SELECT substr(text, ? + 1, ?) FROM documents WHERE id = ?", (origin, end - origin, document)
        ).fetchone()
        return [SourceSentence(name, i, start, end, text[start - origin : end - origin]) for i, start, end in rows]

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
                _("the library in {folder} was made by another version of assistant ({recipe}).").format(
                    folder=self.folder, recipe=self._meta("recipe")
                ),
                _("Make it again from the texts that it holds: assistant index --library {folder}").format(
                    folder=self.folder
                ),
            )

    def _meta(self, key: str) -> str:
        with store.trouble_reported(self.folder):
            value = store.read_meta(self.folder, self._database).get(key)
        if value is None:
            raise store.broken(self.folder, _("it does not say its {key}").format(key=key))
        return value


def _any_of(words: Sequence[str]) -> str:
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in dict.fromkeys(words))
