"""The options that several commands share, as click decorators, and what they stand for."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from assistant import places

if TYPE_CHECKING:
    from assistant.engine import Engine

Command = Callable[..., Any]


def chat_model(command: Command) -> Command:
    """`--model` and `--base-url`; `places` looks at the environment where they are not given."""
    model = click.option(
        "--model",
        metavar="MODEL",
        help="The chat model that writes the answer: PATH.gguf, a NAME of `assistant models list`, or openai:NAME. "
        "Without one, the built-in reader quotes.  [environment: ASSISTANT_MODEL]",
    )
    base_url = click.option(
        "--base-url",
        metavar="URL",
        help="The server of openai:NAME, which is sent questions and sentences.  [environment: ASSISTANT_BASE_URL]",
    )
    return model(base_url(command))


@contextlib.contextmanager
def opened_engine(model: str | None, base_url: str | None) -> "Iterator[Engine | None]":
    """The chat model that the options or the environment name, loaded; None where none is named.

    Raises what `chat_models.open_engine` raises.
    """
    named = model or places.chat_model()
    if named is None:
        yield None
        return
    from assistant.chat_models import open_engine

    with contextlib.closing(open_engine(named, base_url or places.chat_server())) as engine:
        yield engine
