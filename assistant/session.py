"""One library as a face uses it: open or make it, ask it, look at its sources, bring it up to date.

Faces import this room and those above it that hold plain values; index, retrieval, reader and models stay behind it.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant import places
from assistant.background import Update
from assistant.citations import Citation, Reply
from assistant.conversation import Conversation
from assistant.engine import Engine
from assistant.errors import LibraryMissing, SourceUnknown
from assistant.generation import Progress
from assistant.index import Library
from assistant.indexing import Summary
from assistant.stages import Stage

_SENTENCES_AROUND = 150


@dataclass(frozen=True, slots=True)
class Source:
    """A cited sentence's surroundings: `text` begins at the document's character `offset`.

    `state`: "same"; "changed" or "gone" of the file since it was indexed; "unknown" if the library no longer holds what
    was cited, in which case `text` is empty.
    """

    text: str
    offset: int
    state: Literal["same", "changed", "gone", "unknown"]


def open_or_make(option: Path | None, make: Callable[[Path, Sequence[Path]], object]) -> Library:
    """Open the library that `option` names; the default one is made of the shipped article if there is none yet.

    `make` is given its folder and the paths to index. Raises LibraryMissing for another one, and what opening raises.
    """
    folder = places.library_folder(option)
    try:
        return Library.open(folder)
    except LibraryMissing:
        if folder != places.default_library_folder():
            raise
    make(folder, [places.shipped("seeds/article.txt")])
    return Library.open(folder)


class Session:
    """A library in use by a face with several threads. Call `open` before anything else.

    `make_engine` makes the chat model that writes the answers; without it the reader quotes.
    """

    def __init__(self, option: Path | None = None, make_engine: Callable[[], Engine] | None = None) -> None:
        self._option = option
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._update: Update | None = None
        # A Library serves one thread at a time; sources are shown while a question is being answered.
        self._asking, self._showing = threading.Lock(), threading.Lock()

    def open(self, progress: Progress) -> list[str]:
        """Open the library, or make it; returns the names of its documents.

        Raises LibraryMissing, LibraryBroken, LibraryOutdated, ModelUnusable, and what indexing.update and `make_engine`
        raise.
        """
        self._asked = open_or_make(self._option, lambda folder, paths: self._run(folder, paths, progress))
        self._shown = Library.open(self._asked.folder)
        # Loaded now, the models do not make the first question wait.
        self._asked.embedder.load()
        self.choose(self._make_engine)
        return self._shown.documents()

    @property
    def engine(self) -> Engine | None:
        """The chat model that writes the answers; None if the reader quotes."""
        return self._engine

    def choose(self, make_engine: Callable[[], Engine] | None) -> None:
        """Let another chat model write from now on, or with None the reader quote.

        Waits for the answer under way. Raises what `make_engine` raises; the model is then as it was.
        """
        engine = make_engine() if make_engine is not None else None
        with self._asking:
            self._engine, before = engine, self._engine
        if before is not None:
            before.close()

    def ask(self, question: str, turns: Sequence[Reply]) -> Iterator[Stage]:
        """What Conversation.ask yields after `turns`. Close the iterator to cancel."""
        with self._asking:
            yield from Conversation(self._asked, turns=turns, engine=self._engine).ask(question)

    def stop_asking(self) -> None:
        """Let the chat model stop writing, from any thread; what it wrote by then is made into a reply.

        Whoever wants none closes the iterator of `ask` with the next stage that it yields.
        """
        if self._engine is not None:
            self._engine.stop()

    def source(self, citation: Citation) -> Source:
        """The document around a citation, and whether its file still is what was indexed. Raises LibraryBroken."""
        with self._showing, contextlib.suppress(SourceUnknown):
            number = citation.sentence_number
            around = self._shown.sentences(
                citation.document, max(1, number - _SENTENCES_AROUND), number + _SENTENCES_AROUND
            )
            text = self._shown.text(citation.document)
            if text[citation.start : citation.end] == citation.sentence and around:
                start = around[0].start
                return Source(text[start : around[-1].end], start, self._shown.source_state(citation.document))
        return Source("", 0, "unknown")

    def update(self, paths: Sequence[Path], progress: Progress) -> tuple[Summary, list[str]]:
        """Add files and folders, or without paths bring all documents up to date; the names of all documents then.

        Raises what indexing.update raises.
        """
        summary = self._run(self._asked.folder, paths, progress)
        with self._showing:
            return summary, self._shown.documents()

    def stop_update(self) -> None:
        """End the update under way; the library is then as it was."""
        if self._update is not None:
            self._update.stop()

    def close(self) -> None:
        """Let go of the files."""
        self.stop_update()
        self.choose(None)
        for library in (self._asked, self._shown):
            library.close()

    def _run(self, folder: Path, paths: Sequence[Path], progress: Progress) -> Summary:
        self._update = Update(folder, paths)
        # The process takes seconds to start; the face should not look idle meanwhile.
        progress(0, 0)
        try:
            return self._update.finish(progress)
        finally:
            self._update = None
