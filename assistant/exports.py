"""Replies → Markdown or JSON that keeps every citation with its offsets, and the numbers that citations go by."""

import json
from collections.abc import Iterable, Sequence

from assistant.citations import Citation, Reply, Statement
from assistant.messages import _


class Numbers:
    """Numbers citations 1, 2, 3… as their sentences first appear in a conversation."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], int] = {}

    def of(self, citation: Citation) -> int:
        """The number of the cited sentence; the same each time that it is cited."""
        return self._numbers.setdefault((citation.document, citation.start, citation.end), len(self._numbers) + 1)


def as_markdown(replies: Sequence[Reply]) -> str:
    """The conversation as Markdown: each answer with its numbered citations, their offsets and sentences."""
    numbers = Numbers()
    return "\n\n".join(block for reply in replies for block in _blocks(reply, numbers)) + "\n"


def as_json(replies: Sequence[Reply]) -> str:
    """The conversation as one JSON object, its turns in the form of `ask --json`."""
    return json.dumps({"turns": [reply.as_json() for reply in replies]}, ensure_ascii=False, indent=2) + "\n"


def as_text(reply: Reply) -> str:
    """An answer with its citations, to be pasted elsewhere."""
    doubted = (f"{statement.text} — {doubt(statement)}" for statement in reply.statements if not statement.supported)
    return "\n\n".join([_answer(reply), *doubted, *(_cited(citation) for citation in reply.citations), *notes(reply)])


def doubt(statement: Statement) -> str:
    """That a statement is unsupported, and why; empty for one that is supported."""
    return "" if statement.doubt is None else _("unsupported: {reason}").format(reason=statement.doubt.reason)


def notes(reply: Reply) -> list[str]:
    """What else must be said of a chat model's part in a reply, in sentences."""
    writing = reply.writing
    if writing is None:
        return []
    found = []
    if reply.is_fallback and writing.absent:
        found.append(_("{model} found no answer; the built-in reader did.").format(model=writing.model))
    elif reply.is_fallback:
        found.append(
            _("{model} wrote nothing that its citations support, so the built-in reader replied instead.").format(
                model=writing.model
            )
        )
    if writing.cut:
        found.append(_("The last statement was left out: it was cut before its citation."))
    if writing.place is not None:
        found.append(
            _("{model} wrote at {place}: the question and the sentences shown were sent there.").format(
                model=writing.model, place=writing.place
            )
        )
    return found


def _blocks(reply: Reply, numbers: Numbers) -> Iterable[str]:
    yield f"## {_escaped(reply.question)}"
    if reply.completed:
        yield f"*{_escaped(reply.completed)}*"
    if not reply.is_written:
        yield f"{_escaped(_answer(reply))}{_marks(reply.citations, numbers)}"
    for statement in reply.statements:
        reason = "" if statement.supported else f" *({_escaped(doubt(statement))})*"
        yield f"{_escaped(statement.text)}{_marks(statement.citations, numbers)}{reason}"
    # The sentences of an unsupported statement too, so that anyone can judge.
    shown = dict.fromkeys((*reply.citations, *(citation for s in reply.statements for citation in s.citations)))
    for citation in shown:
        yield f"> [{numbers.of(citation)}] {_escaped(_cited(citation))}"
    for note in notes(reply):
        yield f"*{_escaped(note)}*"


def _marks(citations: Iterable[Citation], numbers: Numbers) -> str:
    return "".join(f" [{numbers.of(citation)}]" for citation in citations)


def _answer(reply: Reply) -> str:
    return reply.answer or _("The documents do not say.")


def _cited(citation: Citation) -> str:
    return f"{citation.place} ({citation.start}–{citation.end}): {' '.join(citation.sentence.split())}"


def _escaped(text: str) -> str:
    # What a document says must not become structure of the export.
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in text)
