"""Stand-ins for what a face uses: a session that knows three answers, and a history with a fixed clock."""

import datetime
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assistant import places
from assistant.citations import Citation, Reply
from assistant.conversation import Retrieved
from assistant.generation import Progress
from assistant.history import History
from assistant.indexing import Summary
from assistant.session import Source

ARTICLE = places.shipped("seeds/article.txt").read_text("utf-8")
SORTIES = "Combien de sorties ont été effectuées en 11 jours ?"
STRIKES = "Et combien de frappes ?"
FOOTBALL = "Qui a gagné la coupe du monde de football ?"


def cite(number: int, sentence: str, quote: str | None = None) -> Citation:
    """A citation of a sentence of the article."""
    start = ARTICLE.index(sentence)
    first = start + sentence.index(quote or sentence)
    return Citation(
        "article.txt", number, start, start + len(sentence), sentence, first, first + len(quote or sentence)
    )


FLIGHTS = "En 11 jours, 64 sorties et 55 frappes ont été effectuées."
BOMBED = "Les zones libérées sont constamment bombardées."
FIGURES = {"load": 0.0, "retrieve": 12.0, "answer": 30.0}
REPLIES = {
    SORTIES: Reply(SORTIES, "64 sorties", 0.97, "fake-1", (cite(14, FLIGHTS, "64 sorties"),), timings_ms=FIGURES),
    STRIKES: Reply(
        STRIKES,
        "55 frappes",
        0.91,
        "fake-1",
        (cite(14, FLIGHTS, "55 frappes"), cite(20, BOMBED)),
        timings_ms=FIGURES,
        completed=f"{SORTIES} 64 sorties. {STRIKES}",
    ),
}


def absent(question: str) -> Reply:
    """An abstention with the nearest sentences."""
    return Reply(question, None, 0.04, "fake-1", nearest=(cite(20, BOMBED), cite(14, FLIGHTS)), timings_ms=FIGURES)


class FakeSession:
    """What assistant.session.Session does, at once and always the same.

    `held` questions stay between finding and reading until `release`; `states` are what sources are said to be.
    """

    def __init__(self, opening: Exception | None = None, asking: Exception | None = None) -> None:
        self.opening = opening
        self.asking = asking
        self.held = threading.Event()
        self.held.set()
        self.opened = threading.Event()
        self.opened.set()
        self.source_state = "same"
        self.asked: list[tuple[str, tuple[Reply, ...]]] = []
        self.updates: list[list[Path]] = []
        self.updating: Exception | None = None
        self.stopped = False

    def open(self, progress: Progress) -> list[str]:
        progress(1, 4)
        self.opened.wait(10)
        if self.opening is not None:
            raise self.opening
        return ["article.txt"]

    def ask(self, question: str, turns: Sequence[Reply]) -> Iterator[Retrieved | Reply]:
        self.asked.append((question, tuple(turns)))
        yield Retrieved((None,) * 8)  # type: ignore[arg-type]
        self.held.wait(10)
        if self.asking is not None:
            raise self.asking
        yield replace(REPLIES.get(question, absent(question)))

    def source(self, citation: Citation) -> Source:
        if self.source_state == "unknown":
            return Source("", 0, "unknown")
        return Source(ARTICLE, 0, self.source_state)  # type: ignore[arg-type]

    def update(self, paths: Sequence[Path], progress: Progress) -> tuple[Summary, list[str]]:
        self.updates.append(list(paths))
        progress(2, 4)
        self.held.wait(10)
        if self.updating is not None:
            raise self.updating
        return Summary(added=1, changed=2, removed=0, unchanged=1, duplicates=0), ["article.txt", "note.md"]

    def stop_update(self) -> None:
        self.stopped = True
        self.held.set()

    def close(self) -> None:
        pass


def fixed_history() -> History:
    """A history kept nowhere, in which every reply came at the same minute."""
    return History(":memory:", lambda: datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC))
