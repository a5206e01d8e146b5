"""Question → events, wiring the stages: the one way through for `ask`, the terminal UI, `eval` and the Python API."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant import followups
from assistant.citations import Reply, make_reply
from assistant.documents import is_unicode
from assistant.errors import BadQuestion
from assistant.index import Library
from assistant.messages import _
from assistant.reader import Reader, default_reader
from assistant.retrieval import Hit, retrieve

MAX_QUESTION = 2000
PASSAGES_READ = 10


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages that the reader is about to read, best first."""

    hits: tuple[Hit, ...]


class Conversation:
    """Questions to one library, in turn. `turns` keeps the replies, beginning with those of an earlier conversation."""

    def __init__(self, library: Library, reader: Reader | None = None, turns: Sequence[Reply] = ()) -> None:
        self._library = library
        self._reader = reader or default_reader()
        self.turns = list(turns)

    def ask(self, question: str) -> Iterator[Retrieved | Reply]:
        """Yield what was retrieved, then the reply.

        Raises BadQuestion for an empty question or one of more than MAX_QUESTION characters, LibraryBroken,
        ModelUnusable.
        """
        question = checked_question(question)
        searched = self._completed(question)
        times = [time.perf_counter()]
        self._library.embedder.load()
        times.append(time.perf_counter())
        hits = retrieve(self._library, searched, PASSAGES_READ)
        times.append(time.perf_counter())
        yield Retrieved(tuple(hits))
        resumed = time.perf_counter()
        spans = self._reader.read(searched, hits)
        load, found = times[1] - times[0], times[2] - times[1]
        timings = {"load": load, "retrieve": found, "answer": time.perf_counter() - resumed}
        milliseconds = {stage: 1000 * seconds for stage, seconds in timings.items()}
        reply = make_reply(question, spans, self._reader.threshold, self._reader.name, milliseconds)
        if searched != question:
            reply = replace(reply, completed=searched)
        self.turns.append(reply)
        yield reply

    def _completed(self, question: str) -> str:
        if not self.turns:
            return question
        last = self.turns[-1]
        # A whole sentence given as answer would draw the search back to that sentence.
        exact = [last.answer] if last.answer and last.answer != last.citations[0].sentence else []
        return followups.complete(question, " ".join([last.question, *(f"{answer}." for answer in exact)]))

    def answer(self, question: str) -> Reply:
        """The reply alone. Raises what `ask` raises."""
        *_earlier, reply = self.ask(question)
        assert isinstance(reply, Reply)
        return reply


def checked_question(question: str) -> str:
    """The question on one line. Raises BadQuestion if it is empty, too long or not text."""
    question = " ".join(question.split())
    if not question:
        raise BadQuestion(
            _("the question is empty."), _('Type one: assistant ask "Combien de sorties ont été effectuées ?"')
        )
    if not is_unicode(question):
        raise BadQuestion(
            _("the question is not text in UTF-8."), _("Type it in a UTF-8 terminal: assistant ask QUESTION")
        )
    if len(question) > MAX_QUESTION:
        raise BadQuestion(
            _("the question has {count:,} characters; at most {limit:,} can be asked.").format(
                count=len(question), limit=MAX_QUESTION
            ),
            _("Ask something shorter, and index long texts instead: assistant index PATH…"),
        )
    return question
