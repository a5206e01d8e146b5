"""Stand-ins for what a face uses: a session that knows three answers, and a history with a fixed clock."""

import datetime
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assistant import places
from assistant.citations import Citation, Reply, Statement, Writing
from assistant.engine import Engine
from assistant.generation import Progress
from assistant.history import History
from assistant.indexing import Summary
from assistant.session import Source
from assistant.stages import Retrieved, Rewriting, Stage, Token
from assistant.support import Doubt

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


RAIDS = "Qu'a fait l'aviation en onze jours ?"
ZONES = "Et les zones libérées ?"
TOWNS = "Quelles villes sont tenues ?"
WEATHER = "Quel temps fait-il ?"
ABROAD = "Combien de frappes ont eu lieu ?"
DRAFT = ("En 11 jours, ", "64 sorties ", "ont été effectuées. [3] ", "Les zones ", "libérées sont calmes. [", "7]")


def stated(text: str, *citations: Citation, doubt: Doubt | None = None) -> Statement:
    """What a chat model wrote, as it was judged."""
    return Statement(text, citations, 0.1 if doubt else 0.93, doubt)


def written(
    quoted: Reply, *statements: Statement, absent: bool = False, cut: bool = False, place: str | None = None
) -> Reply:
    """The reply of a chat model, in the place of the reader's."""
    writing = Writing("tiny-chat", place, statements, absent, cut)
    if not writing.supported:
        return replace(quoted, writing=writing)
    said = " ".join(statement.text for statement in writing.supported)
    cited = tuple(dict.fromkeys(citation for statement in writing.supported for citation in statement.citations))
    return replace(
        quoted, answer=said, confidence=0.93, model="tiny-chat", citations=cited, nearest=(), writing=writing
    )


SAID = stated("En 11 jours, 64 sorties ont été effectuées.", cite(14, FLIGHTS))
BOMBS = stated("Les zones libérées sont bombardées.", cite(20, BOMBED))
CALM = stated("Les zones libérées sont calmes.", cite(20, BOMBED), doubt=Doubt("likeness"))
EIGHTY = stated("L'aviation a effectué 80 sorties.", cite(14, FLIGHTS), doubt=Doubt("number", "80"))
WRITTEN = {
    RAIDS: written(absent(RAIDS), SAID, CALM, BOMBS),
    ZONES: written(
        Reply(ZONES, "bombardées", 0.8, "fake-1", (cite(20, BOMBED, "bombardées"),), timings_ms=FIGURES), CALM, EIGHTY
    ),
    TOWNS: written(absent(TOWNS), EIGHTY, cut=True),
    WEATHER: written(absent(WEATHER), absent=True),
    ABROAD: replace(
        written(absent(ABROAD), SAID, cut=True, place="http://192.0.2.7:8080/v1"),
        completed="Combien de frappes ont eu lieu en 11 jours ?",
    ),
}


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
        self.engine: Engine | None = None

    def open(self, progress: Progress) -> list[str]:
        progress(1, 4)
        self.opened.wait(10)
        if self.opening is not None:
            raise self.opening
        return ["article.txt"]

    def choose(self, make_engine: Callable[[], Engine] | None) -> None:
        self.held.wait(10)
        self.engine = make_engine() if make_engine is not None else None

    def ask(self, question: str, turns: Sequence[Reply]) -> Iterator[Stage]:
        self.asked.append((question, tuple(turns)))
        if question == ABROAD:
            yield Rewriting("Combien de frappes ")
            yield Rewriting("ont eu lieu en 11 jours ?")
        yield Retrieved((None,) * 8)  # type: ignore[arg-type]
        if question in WRITTEN:
            yield from map(Token, DRAFT)
        self.held.wait(10)
        if self.asking is not None:
            raise self.asking
        yield replace({**REPLIES, **WRITTEN}.get(question, absent(question)))

    def stop_asking(self) -> None:
        pass

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
