"""What a question goes through, as a conversation tells it to a face: Rewriting…, Retrieved, Token…, and the Reply."""

from dataclasses import dataclass

from assistant.citations import Reply
from assistant.retrieval import Hit


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A piece of the full question that a chat model makes of a follow-up, as it comes; it may be empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages that are about to be read, best first."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of what a chat model writes, as it comes, not checked yet; it may be empty."""

    text: str


Stage = Rewriting | Retrieved | Token | Reply
