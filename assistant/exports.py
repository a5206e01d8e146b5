"""Replies → Markdown or JSON that keeps every citation with its offsets, and the numbers that citations go by."""

import json
from collections.abc import Iterable, Sequence

from assistant.citations import Citation, Reply
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
    return "\n\n".join([_answer(reply), *(_cited(citation) for citation in reply.citations)])


def _blocks(reply: Reply, numbers: Numbers) -> Iterable[str]:
    yield f"## {_escaped(reply.question)}"
    if reply.completed:
        yield f"*{_escaped(reply.completed)}*"
    marks = "".join(f" [{numbers.of(citation)}]" for citation in reply.citations)
    yield f"{_escaped(_answer(reply))}{marks}"
    for citation in reply.citations:
        yield f"> [{numbers.of(citation)}] {_escaped(_cited(citation))}"


def _answer(reply: Reply) -> str:
    return reply.answer or _("The documents do not say.")


def _cited(citation: Citation) -> str:
    return f"{citation.place} ({citation.start}–{citation.end}): {' '.join(citation.sentence.split())}"


def _escaped(text: str) -> str:
    # What a document says must not become structure of the export.
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in text)
