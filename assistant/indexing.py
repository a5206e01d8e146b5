"""Paths → an up-to-date library: which files are new, changed, gone or the same, and one generation for all of it.

One writer at a time. Files are known by the hash of their bytes, so an unchanged one is skipped and equal ones are
stored once.
"""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant import documents, store
from assistant.documents import Document, Source
from assistant.embeddings import Embedder
from assistant.errors import DocumentUnreadable, NothingToIndex
from assistant.generation import Generation, Progress, sweep
from assistant.messages import _

_LOCK = "writing.lock"


@dataclass(frozen=True, slots=True)
class Summary:
    """What an update did, in files. `duplicates`, among the added and changed ones, hold a text that another file
    holds.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    duplicates: int
    unreadable: tuple[DocumentUnreadable, ...] = ()
    recoded: tuple[tuple[str, str], ...] = ()
    """Names and encodings of files that were not UTF-8."""


def update(
    folder: Path, paths: Sequence[Path] = (), embedder: Embedder | None = None, progress: Progress | None = None
) -> Summary:
    """Bring the library in `folder` up to date with the files at `paths`; without paths, with all that it was made
    from.

    Makes the library if there is none. Files that vanished from `paths` are removed; other paths' files stay.
    `embedder` is by default the one that the library was made with; with another one everything is made again from the
    stored texts.

    Raises NothingToIndex; DocumentUnreadable for a file that `paths` name (one found in a folder is left out and
    reported); LibraryBusy, LibraryBroken, LibraryOutdated, ModelUnusable; Unusable if the folder cannot be written. The
    library is then as it was.
    """
    with _transaction(folder) as database:
        targets = [documents.absolute(path) for path in paths] or _roots(database)
        if not targets:
            raise NothingToIndex(
                _("no library in {folder} yet.").format(folder=folder),
                _("Name files or folders: assistant index PATH…"),
            )
        generation = Generation(folder, database, embedder)
        summary = _take_files(database, generation, targets)
        generation.write(progress or _unwatched)
    return summary


def build(
    folder: Path, texts: Iterable[Document], embedder: Embedder | None = None, progress: Progress | None = None
) -> None:
    """Make a library of documents that are not files, such as the contexts of a question set. Raises as `update`."""
    with _transaction(folder) as database:
        generation = Generation(folder, database, embedder)
        for document in texts:
            _put(database, generation, Path(document.name), document)
        generation.write(progress or _unwatched)


@contextlib.contextmanager
def _transaction(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database with a transaction begun, as the only writer; committed at the end, undone by any exception."""
    with (
        _only_writer(folder),
        store.trouble_reported(folder),
        contextlib.closing(store.connect(folder)) as database,
    ):
        _begin(folder, database)
        yield database
        # An exception skips the commit, and closing the connection undoes the rest.
        database.execute("COMMIT")
        sweep(folder, database)


def _begin(folder: Path, database: sqlite3.Connection) -> None:
    empty = store.is_empty(database)
    if not empty:
        store.check_schema(folder, database)
    database.execute("PRAGMA journal_mode = WAL")
    # In WAL mode the default may lose the last commit in a power cut; this one syncs it.
    database.execute("PRAGMA synchronous = FULL")
    database.execute("BEGIN IMMEDIATE")
    if empty:
        for statement in store.SCHEMA.split(";\n"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {store.APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {store.SCHEMA_VERSION}")


def _take_files(database: sqlite3.Connection, generation: Generation, targets: Sequence[Path]) -> Summary:
    """Let the library's sources under `targets` be the files that are there now."""
    known = [Path(path) for (path,) in database.execute("SELECT path FROM sources")]
    covered = {path for path in known if any(path.is_relative_to(target) for target in targets)}
    present, gone = _present(targets, covered)
    counts: Counter[str] = Counter()
    unreadable: list[DocumentUnreadable] = []
    recoded: list[tuple[str, str]] = []
    for source in present:
        try:
            document = documents.read(source)
        except DocumentUnreadable as error:
            if source.path in targets:
                raise
            unreadable.append(error)
            continue
        counts.update(_put(database, generation, source.path, document))
        if document.encoding != "utf-8":
            recoded.append((document.name, document.encoding))
    if unreadable and not counts:
        raise unreadable[0]
    vanished = covered - {source.path for source in present}
    _forget(database, vanished, gone)
    database.executemany("INSERT OR IGNORE INTO roots VALUES (?)", [(str(t),) for t in targets if t not in gone])
    numbers = (counts["added"], counts["changed"], len(vanished), counts["unchanged"], counts["duplicates"])
    return Summary(*numbers, tuple(unreadable), tuple(recoded))


def _present(targets: Iterable[Path], known: Iterable[Path]) -> tuple[list[Source], list[Path]]:
    """The documents at `targets`, and those of the targets that hold none any more."""
    present: dict[Path, Source] = {}
    gone = []
    for target in targets:
        try:
            found = documents.find([target])
        except NothingToIndex:
            if not any(path.is_relative_to(target) for path in known):
                raise
            gone.append(target)
        else:
            present |= {source.path: source for source in found if source.path not in present}
    return list(present.values()), gone


def _forget(database: sqlite3.Connection, sources: Iterable[Path], roots: Iterable[Path]) -> None:
    database.executemany("DELETE FROM sources WHERE path = ?", [(str(path),) for path in sources])
    database.executemany("DELETE FROM roots WHERE path = ?", [(str(path),) for path in roots])


def _put(database: sqlite3.Connection, generation: Generation, path: Path, document: Document) -> list[str]:
    """Let the source at `path` hold `document`; what that meant, in the words of Summary."""
    row = database.execute("SELECT sha256 FROM sources WHERE path = ?", (str(path),)).fetchone()
    if row is not None and row[0] == document.sha256:
        return ["unchanged"]
    duplicate = [] if generation.store(document) else ["duplicates"]
    if row is not None:
        database.execute("UPDATE sources SET sha256 = ? WHERE path = ?", (document.sha256, str(path)))
        return ["changed", *duplicate]
    name = _free_name(database, path, document.name)
    database.execute("INSERT INTO sources VALUES (?, ?, ?)", (str(path), name, document.sha256))
    return ["added", *duplicate]


def _free_name(database: sqlite3.Connection, path: Path, name: str) -> str:
    """The document's name, with as many parent folders in front as it takes to tell it from the others."""
    parents = path.as_posix().removesuffix(name).rstrip("/").split("/")
    while database.execute("SELECT 1 FROM sources WHERE name = ?", (name,)).fetchone():
        name = f"{parents.pop()}/{name}"
    return name


def _roots(database: sqlite3.Connection) -> list[Path]:
    return [Path(path) for (path,) in database.execute("SELECT path FROM roots ORDER BY path")]


@contextlib.contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _LOCK, timeout=0):
            yield
    except Timeout as error:
        raise store.busy(folder) from error
    except OSError as error:
        raise store.unwritable(folder, error.strerror or str(error)) from error


def _unwatched(_done: int, _todo: int) -> None:
    """Nobody watches the progress."""
