"""The command line: parse → one call into the core → print.

stdout carries what was asked for, stderr everything else. Modules that import anything heavy are imported inside
commands.
"""

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import __version__, options, places
from assistant.errors import AssistantError, BadQuestion, ExitCode, SourceUnknown
from assistant.evaluation.command import eval_command
from assistant.messages import _
from assistant.models_command import models_command
from assistant.tui.command import chat_command, serve_command

if TYPE_CHECKING:
    from assistant.index import Library

_SLOW = (
    "this library's embedder cannot run in llama.cpp; questions go through sentence-transformers, which takes some "
    "seconds to start."
)

_library = click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The library's folder.  [environment: ASSISTANT_LIBRARY]",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="assistant")
@click.pass_context
def cli(context: click.Context) -> int | None:
    """Answers questions from your documents, on this machine, and cites the exact sentence.

    \b
    assistant
    assistant ask "Combien de sorties ont été effectuées ?"
    assistant index ~/Documents/rapports

    Exit codes: 0 answered, 1 the documents do not say, 2 wrong usage, 3 something is missing or broken, 130
    interrupted.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    # Without a command, chat; with one, click runs it next.
    return None if context.invoked_subcommand else context.invoke(chat_command)


@cli.command()
@click.argument("question", nargs=-1)
@_library
@_as_json
@options.chat_model
@click.option("--no-stream", is_flag=True, help="Show nothing of what the chat model writes before it is checked.")
def ask(
    question: tuple[str, ...],
    library: Path | None,
    as_json: bool,
    model: str | None,
    base_url: str | None,
    no_stream: bool,
) -> ExitCode:
    """Answer QUESTION from the library, citing the sentence. Without QUESTION, or with -, read it from stdin."""
    from assistant import rendering
    from assistant.conversation import Conversation, checked_question

    asked = checked_question(_question(question))
    with _open_or_make(library) as opened, options.opened_engine(model, base_url) as engine:
        if opened.embedder.slow_to_start:
            click.echo(f"assistant: {_SLOW}", err=True)
        stages = Conversation(opened, engine=engine).ask(asked)
        reply = rendering.watched(stages, live=engine is not None and not (as_json or no_stream))
        click.echo(json.dumps(reply.as_json(), ensure_ascii=False) if as_json else rendering.reply(reply))
    return ExitCode.ANSWERED if reply.answered else ExitCode.NOT_IN_DOCUMENTS


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@_library
@click.option(
    "--embedder", metavar="MODEL", help="A sentence-transformers folder, or a model in Hugging Face's local cache."
)
def index(paths: tuple[Path, ...], library: Path | None, embedder: str | None) -> None:
    """Add text and Markdown files, or folders of them, to the library; without PATH, bring it up to date.

    Unchanged files are skipped, changed ones replaced, vanished ones removed.
    """
    from assistant import rendering
    from assistant.embeddings import CheckpointEmbedder
    from assistant.index import Library
    from assistant.indexing import update

    folder = places.library_folder(library)
    with rendering.progress("Embedding sentences") as progress:
        summary = update(folder, paths, CheckpointEmbedder.named(embedder) if embedder else None, progress)
    for line in rendering.summary(summary, folder):
        click.echo(line, err=True)
    with Library.open(folder) as made:
        if made.embedder.slow_to_start:
            click.echo(f"assistant: {_SLOW}", err=True)


@cli.command()
@click.argument("query", nargs=-1)
@_library
@_as_json
@click.option("-k", default=10, show_default=True, type=click.IntRange(1, 200), help="How many passages.")
def search(query: tuple[str, ...], library: Path | None, as_json: bool, k: int) -> ExitCode:
    """Show the passages that best match QUERY, with their dense (cosine), lexical (BM25) and fused scores."""
    from assistant import rendering
    from assistant.conversation import checked_question
    from assistant.retrieval import retrieve

    asked = checked_question(_question(query))
    with _open_or_make(library) as opened:
        hits = retrieve(opened, asked, k)
    click.echo(json.dumps([hit.as_json() for hit in hits], ensure_ascii=False) if as_json else rendering.hits(hits))
    return ExitCode.ANSWERED if hits else ExitCode.NOT_IN_DOCUMENTS


@cli.command()
@click.argument("place", metavar="DOCUMENT[:SENTENCE]")
@_library
@click.option(
    "--around", default=2, show_default=True, type=click.IntRange(0), help="Sentences of context on each side."
)
def show(place: str, library: Path | None, around: int) -> None:
    """Show a cited sentence with its neighbours, as in: assistant show article.txt:15"""
    from assistant import rendering

    document, _colon, number = place.rpartition(":")
    if not (document and number.isdecimal() and len(number) < 10):
        document, number = place, ""
    with _open_or_make(library) as opened:
        first, last = (max(1, int(number) - around), int(number) + around) if number else (1, None)
        sentences = opened.sentences(document, first, last)
    if number and int(number) not in [sentence.number for sentence in sentences]:
        raise SourceUnknown(
            _("{document} has no sentence {number}.").format(document=document, number=number),
            _("See them all: assistant show {document}").format(document=document),
        )
    click.echo(rendering.sentences(sentences, int(number) if number else None))


cli.add_command(eval_command)
cli.add_command(chat_command)
cli.add_command(serve_command)
cli.add_command(models_command)


@cli.command()
@_library
def paths(library: Path | None) -> None:
    """Show where everything is kept."""
    click.echo(f"library  {places.library_folder(library)}")
    click.echo(f"history  {places.history_file()}")
    click.echo(f"models   {places.made_models_folder()}")
    click.echo(f"chat     {places.chat_models_folder()}")


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Errors meant for people are printed without a traceback."""
    stdout = sys.stdout
    for stream in (stdout, sys.stderr):
        # A terminal that cannot show a character must not cost the answer.
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return int(cli.main(_with_command(arguments), prog_name="assistant", standalone_mode=False) or 0)
    except AssistantError as error:
        click.echo(f"assistant: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("assistant: interrupted.", err=True)
        return ExitCode.INTERRUPTED
    except SystemExit as left:
        # So click leaves after a completion script, and when whoever read our output has seen enough: then it puts
        # another stream in the place of stdout, and 1 would say that the documents do not say.
        return ExitCode.ANSWERED if sys.stdout is not stdout else int(left.code or 0)
    except OSError as error:
        # What is left in the buffer would fail once more when Python flushes it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"assistant: {error}.\n  Free some space or mend the place, then type the same again.", err=True)
        return ExitCode.UNUSABLE


def _with_command(arguments: Sequence[str]) -> list[str]:
    """`assistant --library DIR` is `assistant chat --library DIR`."""
    about = ("-h", "--help", "--version")
    is_option = bool(arguments) and arguments[0].startswith("-") and arguments[0] not in about
    return ["chat", *arguments] if is_option else list(arguments)


def _question(words: Sequence[str]) -> str:
    if words and list(words) != ["-"]:
        return " ".join(words)
    if sys.stdin is None or (not words and sys.stdin.isatty()):
        raise BadQuestion(_("no question."), _('Type one: assistant ask "Combien de sorties ont été effectuées ?"'))
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise BadQuestion(
            _("the question on stdin is not text in UTF-8."),
            _("Convert it first: iconv -t utf-8 FILE | assistant ask -"),
        ) from error


def _open_or_make(option: Path | None) -> "Library":
    """Open the library; the default one is made of the shipped article if there is none yet."""
    from assistant.session import open_or_make

    return open_or_make(option, _make)


def _make(folder: Path, paths: Sequence[Path]) -> None:
    from assistant import rendering
    from assistant.indexing import update

    click.echo("assistant: no library yet; making one of the shipped article (once).", err=True)
    with rendering.progress("Embedding sentences") as progress:
        update(folder, paths, progress=progress)
