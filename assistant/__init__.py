"""Answers questions from your documents, on your machine, with the exact sentence each answer was taken from."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.citations import Citation, Reply
    from assistant.conversation import Conversation
    from assistant.errors import AssistantError
    from assistant.index import Library
    from assistant.indexing import Summary, update

__version__ = "0.1.0"

_HOMES = {
    "AssistantError": "errors",
    "Citation": "citations",
    "Conversation": "conversation",
    "Library": "index",
    "Reply": "citations",
    "Summary": "indexing",
    "update": "indexing",
}
__all__ = ["AssistantError", "Citation", "Conversation", "Library", "Reply", "Summary", "update"]


def __getattr__(name: str) -> Any:
    # Importing the package loads nothing: `assistant --help` must not wait for what it does not use.
    if name not in _HOMES:
        raise AttributeError(f"module 'assistant' has no attribute {name!r}")
    return getattr(import_module(f"assistant.{_HOMES[name]}"), name)
