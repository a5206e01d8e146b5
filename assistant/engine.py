"""What a chat model can do, wherever it runs: the seam between the writer and llama.cpp or a server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat, put in the model's own template by the engine."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Form:
    """The only form that an output may take, in two notations, as engines know one or the other.

    `gbnf`: llama.cpp's grammar. `schema`: a JSON schema whose one string property `text` obeys the same form as far as
    a regular expression can say it.
    """

    gbnf: str
    schema: dict[str, Any]


class Engine(Protocol):
    """A chat model at work. Closing the iterator that `generate` returns stops the model."""

    name: str
    place: str | None
    """The address of the server that reads the documents' sentences; None if they stay on this machine."""
    context: int
    """Tokens that a prompt and its output share."""

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages in the model's template, an upper estimate where the engine cannot tell."""

    def generate(self, messages: Sequence[Message], form: Form, limit: int) -> Iterator[str]:
        """Pieces of the output as they come, at most `limit` tokens in all. Raises ModelUnusable."""

    def stop(self) -> None:
        """End the output that is being generated, from any thread, within 200 ms; its iterator ends too."""

    def close(self) -> None:
        """Free what the model holds."""
