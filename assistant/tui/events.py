"""What threads at work tell the screen that started them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.catalogue import ModelCard, ModelFile
    from assistant.citations import Citation, Reply
    from assistant.errors import AssistantError
    from assistant.history import Kept
    from assistant.indexing import Summary
    from assistant.session import Source
    from assistant.tui.chip import Role


@dataclass
class LibraryOpened(Message):
    """The library is open; `documents` are the names of all it holds."""

    documents: "list[str]"


@dataclass
class OpeningFailed(Message):
    """The library could not be opened or made."""

    error: "AssistantError"


@dataclass
class Progressed(Message):
    """Documents are being indexed: `done` of `todo` sentences."""

    done: int
    todo: int


@dataclass
class Rewritten(Message):
    """A piece of the full question that a chat model makes of the question of this `ticket`."""

    ticket: int
    piece: str


@dataclass
class PassagesFound(Message):
    """The passages for the question of this `ticket` are found and about to be read."""

    ticket: int
    count: int


@dataclass
class Written(Message):
    """A piece of what a chat model writes for the question of this `ticket`, not checked yet."""

    ticket: int
    piece: str


@dataclass
class Replied(Message):
    """The question of this `ticket` got its reply."""

    ticket: int
    reply: "Reply"


@dataclass
class AskingFailed(Message):
    """The question of this `ticket` cannot be answered."""

    ticket: int
    error: "AssistantError"


@dataclass
class SourceFound(Message):
    """The document around a citation, and what that is to the reply."""

    source: "Source"
    citation: "Citation"
    role: "Role"


@dataclass
class ModelsFound(Message):
    """The chat models that are on this machine: those of the catalogue, and others that were pulled."""

    cards: "list[ModelCard]"
    others: "list[ModelFile]"


@dataclass
class ChoosingEnded(Message):
    """The chat model that was chosen is in use or, if WorkFailed said so, the one before still is."""


@dataclass
class LibraryUpdated(Message):
    """An update of the library is done; `documents` are the names of all it holds now."""

    summary: "Summary"
    documents: "list[str]"


@dataclass
class WorkFailed(Message):
    """Some other work failed."""

    error: "AssistantError"


@dataclass
class ConversationsFound(Message):
    """The kept conversations that a search found."""

    kept: "list[Kept]"


@dataclass
class ConversationLoaded(Message):
    """A kept conversation to go on with."""

    id: str
    replies: "list[Reply]"


@dataclass
class PathsFound(Message):
    """What a path being typed may become."""

    typed: str
    paths: "list[Path]"
