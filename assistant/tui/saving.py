"""Answers and conversations → the clipboard and files; in a browser, the visitor's."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assistant.messages import _

if TYPE_CHECKING:
    from textual.app import App

    from assistant.citations import Reply


def copy(app: "App[Any]", reply: "Reply | None") -> None:
    """Copy an answer with its citations."""
    from assistant import exports

    if reply is None:
        app.notify(_("There is no answer to copy yet."))
        return
    app.copy_to_clipboard(exports.as_text(reply))
    app.notify(_("Copied, with its citation."))


def export(app: "App[Any]", replies: "Sequence[Reply]", suffix: str) -> None:
    """Save a conversation as "md" or "json" where downloads go."""
    from assistant import exports

    if not replies:
        app.notify(_("There is nothing to export yet."))
        return
    text = exports.as_json(replies) if suffix == "json" else exports.as_markdown(replies)
    app.deliver_text(io.StringIO(text), save_filename=f"{_name(replies[0].question)}.{suffix}")


def _name(question: str) -> str:
    """A file name that tells conversations apart."""
    words = "".join(c if c.isalnum() else " " for c in question).split()
    return "-".join(words).lower()[:60] or "assistant"
