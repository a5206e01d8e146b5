"""Question → events, wiring the stages: the one way through for `ask`, the terminal UI, `eval` and the Python API."""

import contextlib
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from assistant import followups, lexicon, support
from assistant.citations import Reply, Writing, make_reply, with_writing
from assistant.documents import is_unicode
from assistant.engine import Engine
from assistant.errors import BadQuestion, ModelUnusable
from assistant.index import Library
from assistant.messages import _
from assistant.reader import Reader, Span, default_reader
from assistant.retrieval import Hit, retrieve
from assistant.stages import Retrieved, Rewriting, Stage, Token
from assistant.statements import make_statements
from assistant.writer.draft import Draft
from assistant.writer.grammar import answer_form
from assistant.writer.prompt import ANSWER_TOKENS, Asked, Turn, compose
from assistant.writer.rewriting import rewriting, usable

MAX_QUESTION = 2000
PASSAGES_READ = 10
# Chosen with tests/bench/followups.py: in a large library, what a follow-up says alone is found somewhere.
_MUCH_SURER = 0.3


class Conversation:
    """Questions to one library, in turn. `turns` keeps the replies, beginning with those of an earlier conversation.

    With an `engine`, a chat model writes the answers; without, the reader quotes.
    """

    def __init__(
        self,
        library: Library,
        reader: Reader | None = None,
        turns: Sequence[Reply] = (),
        engine: Engine | None = None,
    ) -> None:
        self._library = library
        self._reader = reader or default_reader()
        self._engine = engine
        self.turns = list(turns)

    def ask(self, question: str) -> Iterator[Stage]:
        """Yield what was retrieved, then the reply; with an engine, what it writes before either.

        Close the iterator to cancel: the turns are then as they were. Raises BadQuestion for an empty question or one
        of more than MAX_QUESTION characters, LibraryBroken, ModelUnusable.
        """
        question = checked_question(question)
        clock, tried = _Clock(), _Tried(self._library, self._reader)
        searched = question
        if self.turns:
            searched = yield from self._completed(question, tried)
            clock.lap("complete")
        self._library.embedder.load()
        clock.lap("load")
        hits = tried.hits(searched)
        clock.lap("retrieve")
        yield Retrieved(tuple(hits))
        clock.start()
        spans = tried.spans(searched)
        reply = make_reply(question, spans, self._reader.threshold, self._reader.name, {})
        if self._engine is not None and hits:
            writing = yield from self._write(searched, hits, spans[0] if reply.answered else None, self._engine)
            reply = with_writing(reply, writing, spans)
        clock.lap("answer")
        completed = searched if searched != question else None
        reply = replace(reply, timings_ms=clock.milliseconds, completed=completed)
        self.turns.append(reply)
        yield reply

    def _write(
        self, question: str, hits: Sequence[Hit], lead: Span | None, engine: Engine
    ) -> Generator[Stage, None, Writing]:
        """What the model writes, as it comes; returns it checked. `lead`: the reader's answer, if it has one."""
        language = lexicon.language_of(question)
        prompt = compose(Asked(question, language, lead), hits, self._said(), engine)
        draft = Draft(len(prompt.sentences))
        written = engine.generate(prompt.messages, answer_form(len(prompt.sentences), language), ANSWER_TOKENS)
        with contextlib.closing(written):  # type: ignore[type-var]
            for piece in written:
                draft.feed(piece)
                yield Token(piece)
        draft.finish()
        encode = self._library.embedder.encode_questions
        quoted = lead.sentence if lead else None
        statements = make_statements(
            draft, prompt.sentences, quoted, lambda said, cited: support.check(said, cited, encode)
        )
        return Writing(engine.name, engine.place, statements, draft.absent, draft.cut)

    def _completed(self, question: str, tried: "_Tried") -> Generator[Stage, None, str]:
        """Pieces of the full question as a chat model writes it; returns the question to search for."""
        completed = followups.in_context(question, [_said_of(turn) for turn in self.turns])
        if not followups.leans(question) and not (followups.may_lean(question) and tried.prefers(completed, question)):
            return question
        if self._engine is not None:
            written = ""
            # If the model fails here, it says so when it is asked for the answer.
            pieces = rewriting(question, self._said(), self._engine)
            with contextlib.suppress(ModelUnusable), contextlib.closing(pieces):
                for piece in pieces:
                    written += piece
                    yield Rewriting(piece)
            full = usable(written, question, self._said())
            if full and not followups.leans(full):
                return full
        return completed

    def _said(self) -> list[Turn]:
        return [Turn(turn.completed or turn.question, turn.answer) for turn in self.turns]

    def answer(self, question: str) -> Reply:
        """The reply alone. Raises what `ask` raises."""
        *_earlier, reply = self.ask(question)
        assert isinstance(reply, Reply)
        return reply


class _Tried:
    """What retrieval and the reader make of a question, in each wording that is tried, once."""

    def __init__(self, library: Library, reader: Reader) -> None:
        self._library, self._reader = library, reader
        self._hits: dict[str, list[Hit]] = {}
        self._spans: dict[str, list[Span]] = {}

    def hits(self, question: str) -> list[Hit]:
        """The passages that may answer it."""
        if question not in self._hits:
            self._hits[question] = retrieve(self._library, question, PASSAGES_READ)
        return self._hits[question]

    def spans(self, question: str) -> list[Span]:
        """The reader's answers from them."""
        if question not in self._spans:
            self._spans[question] = self._reader.read(question, self.hits(question))
        return self._spans[question]

    def prefers(self, completed: str, question: str) -> bool:
        """Whether the reader is not much surer of `question` as it was typed."""
        return self._confidence(completed) + _MUCH_SURER > self._confidence(question)

    def _confidence(self, question: str) -> float:
        return self.spans(question)[0].confidence if self.spans(question) else 0.0


def _said_of(turn: Reply) -> followups.Said:
    # A whole sentence given as answer would draw the search back to that sentence.
    exact = turn.answer if turn.answer and turn.answer != turn.citations[0].sentence else None
    return turn.question, exact


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


class _Clock:
    """Times stages: a lap ends where the next begins, but for pauses while a face shows what it was handed."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self.start()

    def start(self) -> None:
        """Begin a lap now."""
        self._started = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End the lap of `stage`."""
        self.milliseconds[stage] = 1000 * (time.perf_counter() - self._started)
        self.start()
