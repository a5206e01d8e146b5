"""The files of a library's folder: SQLite's schema, FAISS's vectors, and what can be wrong with them.

`library.db` names the live generation of vectors, `vectors-<generation>.faiss`, and its sha256.
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.errors import LibraryBroken, LibraryBusy, LibraryOutdated, Unusable
from assistant.messages import _
from assistant.sentences import SEGMENTER_VERSION

DATABASE = "library.db"
APPLICATION_ID = 0x41535354  # "ASST", so that a foreign SQLite file is told from ours
SCHEMA_VERSION = 1
# Whatever changes what is stored about a document changes this: libraries made with another value are remade.
RECIPE = f"sentences {SEGMENTER_VERSION}, passages 3, terms 1"

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE roots (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, text TEXT NOT NULL, language TEXT NOT NULL, added TEXT NOT
    NULL);
CREATE TABLE sources (
    path TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL REFERENCES documents (sha256)) WITHOUT ROWID;
CREATE INDEX sources_by_document ON sources (sha256);
CREATE TABLE sentences (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, UNIQUE (document, number));
CREATE TABLE passages (
    id INTEGER PRIMARY KEY REFERENCES sentences (id) ON DELETE CASCADE, first INTEGER NOT NULL, last INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE VIRTUAL TABLE postings USING fts5 (fr, fr_around, en, en_around, tokenize = 'ascii');
"""


def connect(folder: Path) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions are begun and ended explicitly."""
    # Where nobody may write, SQLite cannot make the files by which writer and readers heed each other, nor needs them.
    fixed = not os.access(folder, os.W_OK) and not (folder / f"{DATABASE}-wal").exists()
    address = f"{(folder / DATABASE).absolute().as_uri()}?immutable={fixed:d}"
    database = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
    database.execute("PRAGMA foreign_keys = ON")
    return database


def is_empty(database: sqlite3.Connection) -> bool:
    """Whether nothing was ever committed to it: its first writer was stopped."""
    return int(database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]) == 0


def check_schema(folder: Path, database: sqlite3.Connection) -> None:
    """Raise LibraryBroken for somebody else's SQLite file, LibraryOutdated for a schema newer than this program's."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise LibraryBroken(
            _("{path} is a SQLite file, but not a library of assistant.").format(path=folder / DATABASE),
            _("Choose another folder: assistant index --library FOLDER PATH…"),
        )
    if version > SCHEMA_VERSION:
        raise LibraryOutdated(
            _("the library in {folder} was made by a newer version of assistant (format {version}).").format(
                folder=folder, version=version
            ),
            _("Update: pip install --upgrade assistant"),
        )


def read_meta(folder: Path, database: sqlite3.Connection) -> dict[str, str]:
    """All that the library says of itself."""
    return dict(database.execute("SELECT key, value FROM meta"))


def vectors_path(folder: Path, generation: str) -> Path:
    """The file that holds a generation of vectors."""
    return folder / f"vectors-{generation}.faiss"


def read_vectors(folder: Path, generation: str, sha256: str) -> Any:
    """The FAISS index of one generation. Raises LibraryBroken if the file is missing, damaged or another's."""
    import faiss

    path = vectors_path(folder, generation)
    try:
        with path.open("rb") as file:
            intact = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        intact = False
    if not intact:
        raise broken(folder, _("{file} is missing or damaged").format(file=path.name))
    # One question at a time is asked: threads would only wait for each other.
    faiss.omp_set_num_threads(1)
    return faiss.read_index(str(path))


@contextlib.contextmanager
def trouble_reported(folder: Path) -> Iterator[None]:
    """Turn what SQLite says of a full disk, a busy or a damaged file into an error for people."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte is the primary code: https://sqlite.org/rescode.html
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise unwritable(folder, str(error)) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise busy(folder) from error
        raise broken(folder, str(error)) from error


def unwritable(folder: Path, why: str) -> Unusable:
    """The error for a full or read-only disk."""
    return Unusable(
        _("cannot write the library in {folder}: {why}. It is as it was.").format(folder=folder, why=why),
        _("Free some space, or choose another folder: assistant index --library FOLDER PATH…"),
    )


def busy(folder: Path) -> LibraryBusy:
    """The error for a second writer."""
    return LibraryBusy(
        _("another process is writing to the library in {folder}.").format(folder=folder),
        _("Wait until it has finished, then type the same again; assistant ask works meanwhile."),
    )


def broken(folder: Path, why: str) -> LibraryBroken:
    """The error for a damaged file."""
    return LibraryBroken(
        _("the library in {folder} is damaged: {why}.").format(folder=folder, why=why),
        _("Move {path} away and make it again: assistant index --library {folder} PATH…").format(
            path=folder / DATABASE, folder=folder
        ),
    )
