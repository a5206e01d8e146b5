"""`assistant models`: what there is, fetch it, where it is, remove it."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from assistant import catalogue

if TYPE_CHECKING:
    from assistant.catalogue import ModelCard, ModelFile
    from assistant.pulling import Progress

_COLUMNS = ("NAME", "SIZE", "MEMORY", "INSTALLED", "LICENCE", "LANGUAGES")


def _names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [card.name for card in catalogue.cards() if card.name.startswith(incomplete)]


_name = click.argument("name", shell_complete=_names)


@click.group("models", invoke_without_command=True)
@click.pass_context
def models_command(context: click.Context) -> None:
    """Chat models that can write the answer: see, fetch and remove them.

    Without one, the built-in reader answers. Any GGUF file works too: assistant ask --model FILE.gguf
    """
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@models_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool = False) -> None:
    """Show the models that can be fetched, and those that were."""
    if as_json:
        entries = [_card_as_json(card) for card in catalogue.cards()]
        entries += [_file_as_json(source) for source in catalogue.others()]
        click.echo(json.dumps(entries, ensure_ascii=False))
        return
    rows = [_card_row(card) for card in catalogue.cards()] + [_file_row(source) for source in catalogue.others()]
    for line in _table([_COLUMNS, *rows]):
        click.echo(line)


@models_command.command("pull")
@_name
def pull_command(name: str) -> None:
    """Fetch a model from the Hugging Face hub; an interrupted pull goes on where it stopped.

    NAME is one of `assistant models list`, or any GGUF file of the hub as OWNER/REPOSITORY:FILE.gguf. This is the only
    command that opens a connection by itself. HF_ENDPOINT names another hub; HF_TOKEN, or `hf auth login`, who you are.
    """
    from assistant.pulling import pull

    source = catalogue.find(name)
    if source.installed:
        click.echo(f"assistant: {name} is here already.", err=True)
    try:
        with _progress(source) as progress:
            path = pull(source, progress)
    except KeyboardInterrupt:
        click.echo(f"assistant: what has come is kept; to go on: assistant models pull {name}", err=True)
        raise
    click.echo(path)


@models_command.command("path")
@_name
def path_command(name: str) -> None:
    """Show where a model's file is."""
    click.echo(catalogue.installed(name))


@models_command.command("remove")
@_name
def remove_command(name: str) -> None:
    """Delete a model's file, or what an interrupted pull left of it."""
    freed = catalogue.remove(name)
    click.echo(f"assistant: removed {name}: {_size(freed)}.", err=True)


def _card_as_json(card: "ModelCard") -> dict[str, Any]:
    return _file_as_json(card.source) | {
        "name": card.name,
        "size": card.size,
        "memory": card.memory,
        "context": card.context,
        "licence": card.licence,
        "languages": list(card.languages),
    }


def _file_as_json(source: "ModelFile") -> dict[str, Any]:
    return {
        "name": str(source),
        "repository": source.repository,
        "file": source.file,
        "path": str(source.path) if source.installed else None,
        "size": source.path.stat().st_size if source.installed else None,
    }


def _card_row(card: "ModelCard") -> tuple[str, ...]:
    here = "yes" if card.source.installed else "no"
    return card.name, _size(card.size), _size(card.memory), here, card.licence, " ".join(card.languages)


def _file_row(source: "ModelFile") -> tuple[str, ...]:
    return str(source), _size(source.path.stat().st_size), "?", "yes", "?", "?"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


@contextmanager
def _progress(source: "ModelFile") -> Iterator["Progress"]:
    """A bar with the speed and the time left on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(source.file, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
