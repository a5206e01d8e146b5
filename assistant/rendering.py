"""Replies, hits, sentences and summaries → lines for a terminal. Colours are dropped by click where there is no
terminal.
"""

import contextlib
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assistant.citations import Citation, Reply
    from assistant.generation import Progress
    from assistant.index import SourceSentence
    from assistant.indexing import Summary
    from assistant.retrieval import Hit

_WIDTH = 96


def reply(given: "Reply") -> str:
    """The answer and its citations, or that the documents do not say and what came closest."""
    if given.answered:
        lines = [click.style(_wrapped(given.answer or ""), bold=True), ""]
        lines += [line for citation in given.citations for line in _citation(citation)]
        return "\n".join([*lines, f"  In context: assistant show {given.citations[0].place}"])
    lines = [click.style("The documents do not say.", bold=True)]
    if given.nearest:
        lines += ["", "The nearest sentences:"]
        lines += [line for citation in given.nearest for line in _citation(citation)]
    return "\n".join(lines)


def hits(found: Sequence["Hit"]) -> str:
    """Ranked passages with their scores, the sentence in focus among its neighbours."""
    lines = []
    for rank, hit in enumerate(found, 1):
        focused = hit.passage.focused
        scores = f"score {hit.score:.3f}   dense {hit.dense:.3f}   lexical {hit.lexical:.2f}"
        lines.append(f"{rank:>3}  {click.style(f'{focused.document}:{focused.number}', fg='cyan')}   {scores}")
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


def _citation(citation: "Citation") -> Iterator[str]:
    a, b = citation.quote_start - citation.start, citation.quote_end - citation.start
    text = citation.sentence
    yield f"  {click.style(citation.place, fg='cyan')}"
    # Wrapped before it is coloured: escape codes have no width.
    yield _coloured(textwrap.indent(_wrapped(text, _WIDTH - 4), "    "), text[a:b])


def _coloured(block: str, quote: str) -> str:
    return block if quote not in block else block.replace(quote, click.style(quote, fg="yellow", bold=True), 1)


def _passage(shown: Sequence["SourceSentence"], focus: int) -> str:
    parts = [click.style(s.text, bold=True) if s.number == focus else s.text for s in shown]
    return textwrap.indent("\n".join(_wrapped(part, _WIDTH - 5) for part in parts), "     ")


def _wrapped(text: str, width: int = _WIDTH) -> str:
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)) or text
