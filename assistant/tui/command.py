"""`assistant chat` and `assistant serve`: parse → run. Nothing heavy is imported before the command runs."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import options, places
from assistant.errors import BadRequest, ExitCode

if TYPE_CHECKING:
    from assistant.engine import Engine

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_library = click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The library's folder.  [environment: ASSISTANT_LIBRARY]",
)
_language = click.option(
    "--lang", type=click.Choice(["fr", "en"]), help="The language of the screen.  [that of the locale]"
)
_no_history = click.option("--no-history", is_flag=True, help="Keep nothing of what is said.")


@click.command("chat")
@_library
@_language
@_no_history
@options.chat_model
def chat_command(
    library: Path | None = None,
    lang: str | None = None,
    no_history: bool = False,
    model: str | None = None,
    base_url: str | None = None,
) -> int:
    """Ask questions in the terminal, the source beside each answer. This is what `assistant` alone does."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and not places.in_browser():
        raise BadRequest("chat needs a terminal.", 'Ask one question instead: assistant ask "…"')
    from assistant import messages

    messages.use(lang)
    from assistant.history import History
    from assistant.session import Session
    from assistant.tui.app import AssistantApp

    history = History.kept_nowhere() if no_history else History.of_user()
    app = AssistantApp(Session(library, engine_maker(model, base_url)), history)
    app.run()
    return app.return_code or ExitCode.ANSWERED


@click.command("serve")
@_library
@_language
@_no_history
@options.chat_model
@click.option("--host", default="localhost", show_default=True, help="Where to listen.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def serve_command(
    library: Path | None,
    lang: str | None,
    no_history: bool,
    model: str | None,
    base_url: str | None,
    host: str,
    port: int,
) -> int:
    """Show the same screen in a browser on this machine."""
    if host not in _LOOPBACK:
        warning = f"{host} can be reached from other machines: whoever connects can read the library, unencrypted."
        click.echo(f"assistant: {warning}", err=True)
    from assistant.tui.serving import serve

    given = {"--library": library, "--lang": lang, "--model": model, "--base-url": base_url}
    words = [word for name, value in given.items() if value for word in (name, str(value))]
    serve([*words, *(["--no-history"] if no_history else [])], host, port)
    return ExitCode.ANSWERED


def engine_maker(model: str | None, base_url: str | None) -> "Callable[[], Engine] | None":
    """What loads the chat model that was named; None where none was."""
    named, server = model or places.chat_model(), base_url or places.chat_server()
    if named is None:
        return None
    from assistant.chat_models import open_engine

    return partial(open_engine, named, server)
