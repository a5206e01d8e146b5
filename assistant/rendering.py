"""Replies, hits, sentences and summaries → lines for a terminal; click drops the colours where there is none."""

import contextlib
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import exports

if TYPE_CHECKING:
    from assistant.citations import Citation, Reply, Statement, Writing
    from assistant.generation import Progress
    from assistant.indexing import Summary
    from assistant.retrieval import Hit
    from assistant.sources import SourceSentence
    from assistant.stages import Stage

_WIDTH = 96
# Private-use characters that hold the quote's place while its sentence is wrapped.
_MARKS = "\ue000\ue001"


def reply(given: "Reply") -> str:
    """The answer and its citations, or that the documents do not say and what came closest."""
    if given.writing is not None:
        return _written(given, given.writing)
    return _quoted(given)


def watched(stages: Iterable["Stage"], live: bool) -> "Reply":
    """The reply at the end of `stages`; `live`: what a chat model writes is shown as it comes, where stdout is a
    terminal, and wiped when the checked reply is there to take its place.
    """
    from assistant.citations import Reply

    with contextlib.closing(stages), _draft_shown(live) as show:  # type: ignore[type-var]
        for stage in stages:
            if isinstance(stage, Reply):
                return stage
            show(stage)
    raise ValueError("stages end with a reply")


def _quoted(given: "Reply") -> str:
    if given.answer is not None:
        lines = [click.style(_wrapped(given.answer), bold=True), ""]
        for citation in given.citations:
            # A whole sentence given as the answer is not said twice.
            lines += [_place(citation)] if given.answer == citation.sentence else _citation(citation)
        return "\n".join([*lines, f"  Confidence {given.confidence:.0%}. {_context(given)}"])
    lines = [click.style("The documents do not say.", bold=True)]
    if given.nearest:
        lines += ["", "The nearest sentences:"]
        lines += [line for citation in given.nearest for line in _citation(citation)]
    return "\n".join(lines)


def _context(given: "Reply") -> str:
    return f"In context: assistant show {given.citations[0].place}"


def hits(found: Sequence["Hit"]) -> str:
    """Ranked passages with their scores, the sentence in focus among its neighbours."""
    lines = []
    for rank, hit in enumerate(found, 1):
        focused, evidence = hit.passage.focused, hit.evidence
        scores = f"score {evidence.score:.2f}   dense {evidence.dense:.2f}   lexical {evidence.lexical:.2f}"
        place = click.style(_harmless(f"{focused.document}:{focused.number}"), fg="cyan")
        lines.append(f"{rank:>3}  {place}   {scores}")
        lines.append(_passage(hit.passage.sentences, focused.number))
    return "\n".join(lines)


def sentences(shown: Sequence["SourceSentence"], marked: int | None) -> str:
    """Numbered sentences, the marked one standing out."""
    lines = []
    for sentence in shown:
        sign = ">" if sentence.number == marked else " "
        text = textwrap.indent(_wrapped(sentence.text, _WIDTH - 8), " " * 8)[8:]
        line = f"{sign} {sentence.number:>4}  {text}"
        lines.append(click.style(line, bold=True) if sentence.number == marked else line)
    return "\n".join(lines)


def summary(done: "Summary", folder: Path) -> Iterator[str]:
    """What an update did, and what it left out."""
    for error in done.unreadable:
        yield f"assistant: left out: {error.what}"
    for name, encoding in done.recoded:
        yield f"assistant: {name} is not UTF-8; read as {encoding}."
    counts = f"{done.added} added, {done.changed} changed, {done.removed} removed, {done.unchanged} unchanged"
    duplicates = f" ({done.duplicates} with a text that was there already)" if done.duplicates else ""
    yield f"{counts}{duplicates}: {folder}"


@contextlib.contextmanager
def progress(title: str) -> Iterator["Progress"]:
    """A progress bar on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _todo: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, todo: bar.update(task, completed=done, total=todo)


@contextlib.contextmanager
def _draft_shown(live: bool) -> Iterator[Callable[["Stage"], None]]:
    if not live or not sys.stdout.isatty():
        yield lambda _stage: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from assistant.stages import Token

    text = Text(style="dim")
    # A draft longer than the screen shows its beginning: what has scrolled away cannot be wiped.
    with Live(text, console=Console(), transient=True, refresh_per_second=20, vertical_overflow="ellipsis") as shown:

        def show(stage: "Stage") -> None:
            if isinstance(stage, Token):
                text.append(_harmless(stage.text))
                shown.update(text)

        yield show


def _written(given: "Reply", writing: "Writing") -> str:
    """The statements with the numbers of their citations, those that do not hold marked so; then the citations."""
    numbers = exports.Numbers()
    blocks = [] if given.is_written else [_quoted(replace(given, writing=None))]
    notes = [_wrapped(note) for note in exports.notes(given)]
    if not given.is_written:
        blocks, notes = [*blocks, *notes], []
    blocks += [_statement(statement, numbers) for statement in writing.statements]
    if given.is_written:
        lines = [line for citation in given.citations for line in _numbered(citation, numbers.of(citation))]
        blocks.append("\n".join([*lines, f"  {_context(given)}"]))
    return "\n\n".join([*blocks, *notes])


def _statement(statement: "Statement", numbers: exports.Numbers) -> str:
    if statement.supported:
        marks = "".join(f"[{numbers.of(citation)}]" for citation in statement.citations)
        return click.style(_wrapped(f"{statement.text} {marks}"), bold=True)
    # What does not hold is no citation, but where it was said to be may be looked up.
    places = ", ".join(citation.place for citation in statement.citations)
    why = f"  {exports.doubt(statement)}" + (f" ({_harmless(places)})" if places else "")
    return "\n".join([click.style(_wrapped(statement.text), dim=True), click.style(why, fg="red")])


def _numbered(citation: "Citation", number: int) -> list[str]:
    place, *sentence = _citation(citation)
    return [f"  [{number}] {place.strip()}", *sentence]


def _place(citation: "Citation") -> str:
    return f"  {click.style(_harmless(citation.place), fg='cyan')}"


def _citation(citation: "Citation") -> list[str]:
    """The place, then the sentence with the quoted part standing out, unless that is all of it."""
    a, b = citation.quote_start - citation.start, citation.quote_end - citation.start
    text = citation.sentence
    if b - a < len(text):
        text = f"{text[:a]}{_MARKS[0]}{text[a:b]}{_MARKS[1]}{text[b:]}"
    # Wrapped before it is coloured: escape codes have no width.
    return [_place(citation), _coloured(textwrap.indent(_wrapped(text, _WIDTH - 4), "    "))]


def _coloured(block: str) -> str:
    before, _, rest = block.partition(_MARKS[0])
    quote, _, after = rest.partition(_MARKS[1])
    return before + click.style(quote, fg="yellow", bold=True) + after if rest else block


def _passage(shown: Sequence["SourceSentence"], focus: int) -> str:
    parts = [click.style(s.text, bold=True) if s.number == focus else s.text for s in shown]
    return textwrap.indent("\n".join(_wrapped(part, _WIDTH - 5) for part in parts), "     ")


def _wrapped(text: str, width: int = _WIDTH) -> str:
    text = _harmless(text)
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)) or text


def _harmless(text: str) -> str:
    """Text whose control characters a terminal will not obey, whatever a document holds."""
    return "".join("\ufffd" if unicodedata.category(c) == "Cc" and not c.isspace() else c for c in text)
