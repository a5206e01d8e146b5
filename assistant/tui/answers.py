"""Reply → the widgets that say it: statements with the numbers of their citations, the citations, and remarks."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from assistant.messages import _, percent
from assistant.tui.chip import Chip
from assistant.tui.text import on_one_line, shown

if TYPE_CHECKING:
    from assistant.citations import Citation, Reply, Statement
    from assistant.exports import Numbers


def answer(reply: "Reply", numbers: "Numbers") -> Iterator[Widget]:
    """All that is below the question, top to bottom."""
    from assistant.exports import Numbers, notes

    # The nearest sentences are no citations: they are numbered for the keys only, with whatever else is named there.
    numbers = numbers if reply.answered else Numbers()
    remarks = [Static(on_one_line(note), classes="note") for note in notes(reply)]
    if not reply.is_written:
        yield from _quoted(reply, numbers)
        yield from remarks
    yield from _statements(reply.statements, numbers)
    if reply.is_written:
        yield from (Chip(citation, numbers.of(citation), "cited") for citation in reply.citations)
    yield from _doubted(reply, numbers)
    if reply.is_written:
        yield from remarks
    if reply.answered:
        yield _figures(reply)


def _quoted(reply: "Reply", numbers: "Numbers") -> Iterator[Widget]:
    """What the reader quotes, or that the documents do not say, with the nearest sentences."""
    if reply.answer is not None:
        yield Static(shown(reply.answer), classes="answer")
        for citation in reply.citations:
            yield Chip(citation, numbers.of(citation), "cited", said=citation.quote == citation.sentence)
        return
    yield Static(_("The documents do not say."), classes="answer", markup=False)
    if reply.nearest:
        yield Static(_("The nearest sentences:"), classes="label", markup=False)
    for citation in reply.nearest:
        yield Chip(citation, numbers.of(citation), "near")


def _statements(statements: "Sequence[Statement]", numbers: "Numbers") -> Iterator[Widget]:
    """Supported statements run on as prose; each unsupported one stands apart with its reason."""
    from assistant.exports import doubt

    for supported, run in groupby(statements, lambda statement: statement.supported):
        if supported:
            yield Static(Content(" ").join(_with_marks(each, numbers) for each in run), classes="answer")
            continue
        for each in run:
            reason = Content.styled(f"✗ {doubt(each)}", "bold")
            yield Static(Content.assemble(_with_marks(each, numbers), "\n", reason), classes="unsupported")


def _with_marks(statement: "Statement", numbers: "Numbers") -> Content:
    marks = "".join(f"[{numbers.of(citation)}]" for citation in statement.citations)
    return Content.assemble(on_one_line(statement.text), " ", (marks, "bold")) if marks else on_one_line(statement.text)


def _doubted(reply: "Reply", numbers: "Numbers") -> Iterator[Chip]:
    """The sentences of unsupported statements, so that anyone can judge; not those that are listed already."""
    listed = (*reply.citations, *reply.nearest)
    places = {_place(citation) for citation in listed}
    for statement in reply.statements:
        for citation in statement.citations:
            if _place(citation) not in places:
                places.add(_place(citation))
                yield Chip(citation, numbers.of(citation), "doubted")


def _place(citation: "Citation") -> tuple[str, int]:
    return citation.document, citation.start


def _figures(reply: "Reply") -> Static:
    milliseconds = round(sum(reply.timings_ms.values()))
    figures = [_("confidence {percent}").format(percent=percent(reply.confidence)), f"{milliseconds} ms"]
    if reply.is_written:
        figures.append(reply.model)
    return Static(on_one_line(" · ".join(figures)), classes="figures")
