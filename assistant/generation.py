"""Documents → one more generation of the library: sentences, passages, terms and vectors, made live at once.

Everything happens in one SQLite transaction. The new file of vectors is on disk, synced and under its own name before
that transaction commits; a process killed at any moment leaves the generation before, plus files that the next writer
sweeps.
"""

import datetime
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import lexicon, store
from assistant.documents import Document
from assistant.embeddings import DEFAULT_EMBEDDER, CheckpointEmbedder, Embedder
from assistant.messages import _
from assistant.passages import Passage, blend, make_passages
from assistant.sentences import split_sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Enough for sentence-transformers to sort by length within a batch; small enough for a progress bar to move.
_SENTENCES_AT_ONCE = 256

Progress = Callable[[int, int], None]
"""Told how many sentences are embedded, of how many."""

_Row = tuple[int, str, Passage]
"""A passage's id, the text of its sentence in focus, and the passage."""


class Generation:
    """An update of the library in `folder`, within a transaction that the caller has begun on `database`.

    With another embedder than the library's, or after a change of store.RECIPE, everything is made again.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, embedder: Embedder | None) -> None:
        self._folder = folder
        self._database = database
        self._meta = store.read_meta(folder, database)
        self._embedder = embedder or CheckpointEmbedder.named(self._meta.get("embedder", DEFAULT_EMBEDDER))
        current = (self._embedder.fingerprint, store.RECIPE)
        self._remake = (self._meta.get("fingerprint"), self._meta.get("recipe")) != current
        self._new: list[int] = []

    def store(self, document: Document) -> bool:
        """Store a document unless its text is stored already; says whether it was new."""
        if self._database.execute("SELECT 1 FROM documents WHERE sha256 = ?", (document.sha256,)).fetchone():
            return False
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        cursor = self._database.execute(
            "INSERT INTO documents (sha256, text, language, added) VALUES (?, ?, ?, ?)",
            (document.sha256, document.text, lexicon.language_of(document.text), now),
        )
        assert cursor.lastrowid is not None
        if not self._remake:
            self._make_sentences(cursor.lastrowid)
        return True

    def write(self, progress: Progress) -> None:
        """Drop documents without a source, embed the new ones, write the vectors and name them the live ones."""
        removed = self._drop_orphans()
        if self._remake:
            self._make_all_sentences()
        if not (self._remake or self._new or removed):
            return
        vectors = self._vectors_without(removed)
        for ids, rows in self._embedded(progress):
            vectors = vectors or _empty_vectors(rows.shape[1])
            vectors.add_with_ids(rows, ids)
        self._make_live(vectors)

    def _make_sentences(self, document: int) -> None:
        text, language = self._database.execute(
            "SELECT text, language FROM documents WHERE id = ?", (document,)
        ).fetchone()
        sentences = split_sentences(text, language)
        passages = make_passages(text, sentences)
        (last_id,) = self._database.execute("SELECT coalesce(max(id), 0) FROM sentences").fetchone()
        ids = range(last_id + 1, last_id + 1 + len(sentences))
        rows = [(i, document, s.number, s.start, s.end) for i, s in zip(ids, sentences, strict=True)]
        self._database.executemany("INSERT INTO sentences VALUES (?, ?, ?, ?, ?)", rows)
        self._database.executemany(
            "INSERT INTO passages VALUES (?, ?, ?)", [(i, p.first, p.last) for i, p in zip(ids, passages, strict=True)]
        )
        self._post(ids, language, [text[s.start : s.end] for s in sentences], passages)
        self._new.append(document)

    def _post(self, ids: range, language: lexicon.Language, texts: Sequence[str], passages: Sequence[Passage]) -> None:
        """Enter each passage's terms: those of the sentence in focus, and apart from them those of its neighbours."""
        terms = [" ".join(lexicon.terms(text, language)) for text in texts]
        around = [" ".join([*terms[p.first - 1 : p.focus - 1], *terms[p.focus : p.last]]) for p in passages]
        self._database.executemany(
            f"INSERT INTO postings (rowid, {language}, {language}_around) VALUES (?, ?, ?)",
            zip(ids, terms, around, strict=True),
        )

    def _drop_orphans(self) -> list[int]:
        """Delete documents that no source holds any more; the ids of their passages."""
        orphans = "SELECT id FROM documents WHERE sha256 NOT IN (SELECT sha256 FROM sources)"
        ids = [i for (i,) in self._database.execute(f"SELECT id FROM sentences WHERE document IN ({orphans})")]
        gone = {document for (document,) in self._database.execute(orphans)}
        self._new = [document for document in self._new if document not in gone]
        self._database.executemany("DELETE FROM postings WHERE rowid = ?", [(i,) for i in ids])
        self._database.execute(f"DELETE FROM documents WHERE id IN ({orphans})")
        return ids

    def _make_all_sentences(self) -> None:
        for table in ("postings", "passages", "sentences"):
            self._database.execute(f"DELETE FROM {table}")
        for (document,) in self._database.execute("SELECT id FROM documents ORDER BY id").fetchall():
            self._make_sentences(document)

    def _vectors_without(self, removed: Sequence[int]) -> Any:
        import numpy as np

        if self._remake:
            return None
        vectors = store.read_vectors(self._folder, self._meta["generation"], self._meta["vectors_sha256"])
        if removed:
            vectors.remove_ids(np.array(removed, dtype=np.int64))
        return vectors

    def _embedded(self, progress: Progress) -> Iterator[tuple["NDArray[np.int64]", "NDArray[np.float32]"]]:
        """Ids and vectors of the new documents' passages, some whole documents at a time."""
        import numpy as np

        counted = f"SELECT count(*) FROM sentences WHERE document IN ({','.join(map(str, self._new))})"
        (todo,) = self._database.execute(counted).fetchone()
        done = 0
        for group in self._groups():
            texts = [text for document in group for _, text, _ in document]
            parts = []
            for some in _slices(texts):
                parts.append(self._embedder.encode_documents(some))
                done += len(some)
                progress(done, todo)
            vectors = np.concatenate(parts)
            ids = [i for document in group for i, _, _ in document]
            starts = np.cumsum([len(document) for document in group])[:-1]
            blended = [
                blend(part, [passage for _, _, passage in document])
                for part, document in zip(np.split(vectors, starts), group, strict=True)
            ]
            yield np.array(ids, dtype=np.int64), np.concatenate(blended)

    def _groups(self) -> Iterator[list[list[_Row]]]:
        group: list[list[_Row]] = []
        for document in self._new:
            group.append(self._rows(document))
            if sum(map(len, group)) >= _SENTENCES_AT_ONCE:
                yield group
                group = []
        if group:
            yield group

    def _rows(self, document: int) -> list[_Row]:
        """A document's passages with the text of the sentence in focus."""
        (text,) = self._database.execute("SELECT text FROM documents WHERE id = ?", (document,)).fetchone()
        rows = self._database.execute(
            "SELECT id, start, end, number, first, last FROM sentences JOIN passages USING (id) "
            "WHERE document = ? ORDER BY id",
            (document,),
        )
        return [(i, text[start:end], Passage(*passage)) for i, start, end, *passage in rows]

    def _make_live(self, vectors: Any) -> None:
        generation = str(int(self._meta.get("generation", 0)) + 1)
        meta = {
            "recipe": store.RECIPE,
            "embedder": self._embedder.name,
            "fingerprint": self._embedder.fingerprint,
            "generation": generation,
            "vectors_sha256": _write_vectors(vectors, store.vectors_path(self._folder, generation)),
        }
        self._database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())


def sweep(folder: Path, database: sqlite3.Connection) -> None:
    """Delete vectors that are not live: those of earlier generations, and what a killed writer left."""
    live = store.vectors_path(folder, store.read_meta(folder, database).get("generation", ""))
    for path in folder.glob("vectors-*"):
        if path != live:
            path.unlink(missing_ok=True)


def _slices(texts: Sequence[str]) -> list[Sequence[str]]:
    """The texts, _SENTENCES_AT_ONCE at a time; at least one slice, which may be empty."""
    return [texts[first : first + _SENTENCES_AT_ONCE] for first in range(0, len(texts) or 1, _SENTENCES_AT_ONCE)]


def _empty_vectors(dimension: int) -> Any:
    import faiss

    # Exact search: ids let documents leave without renumbering the others.
    return faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))


def _write_vectors(vectors: Any, path: Path) -> str:
    """Write through to the disk under a temporary name, then rename; the file's sha256."""
    import faiss

    unfinished = path.with_suffix(".unfinished")
    try:
        faiss.write_index(vectors, str(unfinished))
    except RuntimeError as error:
        raise store.unwritable(path.parent, _("the vectors do not fit on the disk")) from error
    with unfinished.open("rb+") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    unfinished.replace(path)
    _sync_folder(path.parent)
    return digest


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder, and makes a rename durable by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
