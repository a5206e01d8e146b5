"""Cases + library → Records: each question answered end to end, ranked against the library, and read in its paragraph.

End to end is `Conversation`, what a user gets; a follow-up is asked in the conversation that it follows on. Retrieval
ranks the library's sentences. Reading gives the same reader the gold paragraph instead of what was retrieved. Both take
a follow-up as the conversation completed it. With a chat model, questions are answered end to end only: it would
write everything twice.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.citations import Reply, make_reply
from assistant.conversation import Conversation
from assistant.embeddings import Embedder
from assistant.engine import Engine
from assistant.evaluation.gold import Case
from assistant.evaluation.metrics import gold_rank
from assistant.evaluation.questions import Question
from assistant.index import Library
from assistant.reader import Reader, default_reader
from assistant.retrieval import Hit, retrieve
from assistant.stages import Retrieved

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RANKED = 100


@dataclass(frozen=True, slots=True)
class Record:
    """What one question got at each depth.

    `rank` is that of the first gold sentence, from 1; None if it is not among the first RANKED. `reading` is None where
    there is no gold paragraph. `seconds` are those of the end-to-end reply, without loading models.
    """

    case: Case
    rank: int | None
    reading: Reply | None
    end_to_end: Reply
    seconds: float


class Run:
    """Answers questions from a library; `questions` are all those of a file, which follow-ups refer to."""

    def __init__(
        self,
        library: Library,
        questions: Sequence[Question],
        reader: Reader | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._library = library
        self._reader = reader or default_reader()
        self._engine = engine
        self._questions = {question.id: question for question in questions}
        self._turns: dict[str, tuple[Reply, ...]] = {}

    @property
    def model(self) -> str:
        """The chat model's name, or the reader's where there is none."""
        return self._reader.name if self._engine is None else self._engine.name

    def records(self, cases: Sequence[Case]) -> Iterator[Record]:
        """One record a case, in order, each as soon as it is made. Raises LibraryBroken or ModelUnusable."""
        self._library.embedder.load()
        for case in cases:
            hits, reply, seconds = self._ask(case.question)
            searched = reply.completed or reply.question
            yield Record(case, self._rank(case, searched, hits), self._read(case, searched), reply, seconds)

    def _ask(self, question: Question) -> tuple[Sequence[Hit], Reply, float]:
        conversation = Conversation(self._library, self._reader, self._turns_before(question), self._engine)
        started = time.perf_counter()
        *stages, reply = conversation.ask(question.question)
        seconds = time.perf_counter() - started
        (retrieved,) = (stage for stage in stages if isinstance(stage, Retrieved))
        assert isinstance(reply, Reply)
        self._turns[question.id] = tuple(conversation.turns)
        return retrieved.hits, reply, seconds - reply.timings_ms.get("load", 0.0) / 1000

    def _turns_before(self, question: Question) -> tuple[Reply, ...]:
        # A sample may hold a follow-up without the question that it follows on, which is then asked, but not judged.
        unasked: list[Question] = []
        before = question.follows
        while before is not None and before not in self._turns:
            unasked.append(self._questions[before])
            before = self._questions[before].follows
        for earlier in reversed(unasked):
            self._ask(earlier)
        return self._turns[question.follows] if question.follows is not None else ()

    def _rank(self, case: Case, question: str, hits: Sequence[Hit]) -> int | None:
        """The rank among the hits that were read, which are the best of the ranking, or else in all of it."""
        if not case.gold:
            return None
        return _gold_rank(case, hits) or _gold_rank(case, retrieve(self._library, question, RANKED))

    def _read(self, case: Case, question: str) -> Reply | None:
        if not case.paragraph or self._engine is not None:
            return None
        hits = retrieve(self._library, question, len(case.paragraph), within=case.paragraph)
        spans = self._reader.read(question, hits)
        return make_reply(question, spans, self._reader.threshold, self._reader.name, {})


class RememberingEmbedder:
    """An embedder that encodes a question once for all depths. It keeps only the last, so that timings stay true."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._texts: tuple[str, ...] = ()
        self._vectors: NDArray[np.float32] | None = None

    @property
    def name(self) -> str:
        """The embedder's own."""
        return self._embedder.name

    @property
    def fingerprint(self) -> str:
        """The embedder's own."""
        return self._embedder.fingerprint

    @property
    def slow_to_start(self) -> bool:
        """The embedder's own."""
        return self._embedder.slow_to_start

    def encode_documents(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """As the embedder does."""
        return self._embedder.encode_documents(texts)

    def load(self) -> None:
        """As the embedder does."""
        self._embedder.load()

    def encode_questions(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """As the embedder does, unless it was the last thing asked for."""
        if self._vectors is None or self._texts != tuple(texts):
            self._vectors = self._embedder.encode_questions(texts)
            self._texts = tuple(texts)
        return self._vectors


def _gold_rank(case: Case, hits: Sequence[Hit]) -> int | None:
    return gold_rank([hit.passage.focused for hit in hits], set(case.gold))


def open_for_run(folder: Path) -> Library:
    """A library whose embedder encodes each question once for all depths. Raises what Library.open raises."""
    with Library.open(folder) as library:
        embedder = RememberingEmbedder(library.embedder)
    return Library.open(folder, embedder)
