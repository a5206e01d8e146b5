"""Replies → conversations kept in one SQLite file, to be found, resumed and deleted.

Each write is one transaction, so two windows at once only take turns. Deleted text is overwritten in the file.
"""

import contextlib
import datetime
import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from assistant import lexicon, places
from assistant.citations import Citation, Reply, Statement, Writing
from assistant.errors import Unusable
from assistant.messages import _
from assistant.support import Doubt

_APPLICATION_ID = 0x41534849  # "ASHI", so that a foreign SQLite file is told from ours
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, changed TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    reply TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS turns_by_conversation ON turns (conversation);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept conversation: `title` is its first question, `changed` the time of its last reply."""

    id: str
    title: str
    changed: datetime.datetime
    turns: int


class History:
    """All kept conversations. Threads may share it. Every method raises Unusable if the file cannot be used."""

    def __init__(self, place: Path | str, now: Callable[[], datetime.datetime] | None = None) -> None:
        self._place = place
        self._now = now or (lambda: datetime.datetime.now(datetime.UTC))
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @classmethod
    def of_user(cls) -> Self:
        """The history in the user's data directory."""
        return cls(places.history_file())

    @classmethod
    def kept_nowhere(cls) -> Self:
        """A history that is forgotten with this object."""
        return cls(":memory:")

    @staticmethod
    def new_id() -> str:
        """An id for a new conversation. Nothing is kept until its first reply is added."""
        return uuid.uuid4().hex

    def add(self, conversation: str, reply: Reply) -> None:
        """Keep one more reply of a conversation."""
        kept = json.dumps(reply.as_json(), ensure_ascii=False)
        with self._database() as database:
            database.execute(
                "INSERT INTO conversations VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET changed = ?3",
                (conversation, reply.question, self._now().isoformat()),
            )
            database.execute("INSERT INTO turns (conversation, reply) VALUES (?, ?)", (conversation, kept))

    def replies(self, conversation: str) -> list[Reply]:
        """All replies of a conversation, in order; none if it is not kept."""
        with self._database() as database:
            rows = database.execute("SELECT reply FROM turns WHERE conversation = ? ORDER BY id", (conversation,))
            return [_reply(json.loads(reply)) for (reply,) in rows]

    def find(self, words: str = "") -> list[Kept]:
        """The conversations that hold all `words`, accents and case aside; the last one first."""
        with self._database() as database:
            rows = database.execute(
                "SELECT conversations.id, title, changed, count(*), group_concat(said(reply), ' ') FROM conversations "
                "JOIN turns ON turns.conversation = conversations.id "
                "GROUP BY conversations.id ORDER BY changed DESC, max(turns.id) DESC"
            )
            wanted = lexicon.fold(words).split()
            return [
                Kept(key, title, datetime.datetime.fromisoformat(changed), turns)
                for key, title, changed, turns, said in rows
                if all(word in said for word in wanted)
            ]

    def delete(self, conversation: str) -> None:
        """Forget a conversation."""
        with self._database() as database:
            database.execute("DELETE FROM conversations WHERE id = ?", (conversation,))
        with self._database() as database:
            # Until then the log beside the file still holds the text.
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """The connection, within one transaction, for one thread at a time."""
        with self._lock:
            try:
                self._connection = self._connection or self._connect()
                with self._connection:
                    yield self._connection
            except (sqlite3.DatabaseError, OSError) as error:
                raise self._unusable(str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        if isinstance(self._place, Path):
            self._place.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._place, check_same_thread=False, timeout=30)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application not in (0, _APPLICATION_ID) or version > _VERSION:
            connection.close()
            raise self._unusable(_("it was made by another program or a newer version"))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(_SCHEMA)
        connection.create_function("said", 1, _said, deterministic=True)
        return connection

    def _unusable(self, why: str) -> Unusable:
        return Unusable(
            _("cannot use the history in {path}: {why}.").format(path=self._place, why=why),
            _("Move that file away, or keep no history: assistant chat --no-history"),
        )


def _said(reply: str) -> str:
    """What a search looks at: the question and the answer, folded."""
    fields = json.loads(reply)
    return lexicon.fold(f"{fields['question']} {fields['answer'] or ''}")


def _reply(fields: dict[str, Any]) -> Reply:
    return Reply(
        fields["question"],
        fields["answer"],
        fields["confidence"],
        fields["model"],
        tuple(_citation(citation) for citation in fields["citations"]),
        tuple(_citation(citation) for citation in fields.get("nearest", [])),
        fields["timings_ms"],
        fields.get("completed"),
        _writing(fields["writing"]) if "writing" in fields else None,
    )


def _writing(fields: dict[str, Any]) -> Writing:
    statements = tuple(_statement(statement) for statement in fields["statements"])
    return Writing(fields["model"], fields["place"], statements, fields["absent"], fields["cut"])


def _statement(fields: dict[str, Any]) -> Statement:
    doubt = fields["doubt"]
    return Statement(
        fields["text"],
        tuple(_citation(citation) for citation in fields["citations"]),
        fields["score"],
        None if doubt is None else Doubt(doubt["kind"], doubt["what"]),
    )


def _citation(fields: dict[str, Any]) -> Citation:
    quote = fields["quote"]
    return Citation(
        fields["document"],
        fields["sentence_number"],
        fields["start"],
        fields["end"],
        fields["sentence"],
        quote["start"],
        quote["end"],
    )
