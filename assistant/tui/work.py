"""What threads do for the screens: one call into the core, then messages. Nothing here touches a widget."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

from assistant.errors import AssistantError
from assistant.tui import events

if TYPE_CHECKING:
    from assistant.citations import Citation, Reply
    from assistant.history import History
    from assistant.session import Session
    from assistant.tui.chip import Role

Post = Callable[[Message], object]
"""The post_message of the screen that waits."""

_PATHS_OFFERED = 50


def open_library(session: "Session", post: Post) -> None:
    """Open the library, or make it with progress."""
    try:
        post(events.LibraryOpened(session.open(_progress_told(post))))
    except AssistantError as error:
        post(events.OpeningFailed(error))


def ask(session: "Session", question: str, turns: "Sequence[Reply]", ticket: int, post: Post) -> None:
    """Ask, telling each stage; falls silent when the worker is cancelled."""
    from assistant.citations import Reply
    from assistant.stages import Retrieved, Rewriting, Token

    worker = get_current_worker()
    try:
        with contextlib.closing(session.ask(question, turns)) as stages:  # type: ignore[type-var]
            for stage in stages:
                if worker.is_cancelled:
                    return
                if isinstance(stage, Reply):
                    post(events.Replied(ticket, stage))
                elif isinstance(stage, Retrieved):
                    post(events.PassagesFound(ticket, len(stage.hits)))
                elif isinstance(stage, Rewriting):
                    post(events.Rewritten(ticket, stage.text))
                elif isinstance(stage, Token):
                    post(events.Written(ticket, stage.text))
    except AssistantError as error:
        post(events.AskingFailed(ticket, error))


def find_source(session: "Session", citation: "Citation", role: "Role", post: Post) -> None:
    """Look up the document around a citation."""
    with _failures_told(post):
        post(events.SourceFound(session.source(citation), citation, role))


def find_models(post: Post) -> None:
    """The chat models on this machine."""
    from assistant import catalogue

    with _failures_told(post):
        installed = [card for card in catalogue.cards() if card.source.installed]
        post(events.ModelsFound(installed, catalogue.others()))


def choose(session: "Session", model: str | None, base_url: str | None, post: Post) -> None:
    """Let a chat model write from now on, or with None the reader quote."""
    from assistant.chat_models import open_engine

    try:
        with _failures_told(post):
            session.choose(partial(open_engine, model, base_url) if model else None)
    finally:
        post(events.ChoosingEnded())


def update_library(session: "Session", paths: Sequence[Path], post: Post) -> None:
    """Add documents or bring all up to date, with progress."""
    with _failures_told(post):
        summary, documents = session.update(paths, _progress_told(post))
        post(events.LibraryUpdated(summary, documents))


def keep(history: "History", conversation: str, reply: "Reply", post: Post) -> None:
    """Add a reply to the history."""
    with _failures_told(post):
        history.add(conversation, reply)


def find_conversations(history: "History", words: str, post: Post) -> None:
    """Search the history."""
    with _failures_told(post):
        post(events.ConversationsFound(history.find(words)))


def load_conversation(history: "History", conversation: str, post: Post) -> None:
    """Fetch a kept conversation."""
    with _failures_told(post):
        post(events.ConversationLoaded(conversation, history.replies(conversation)))


def delete_conversation(history: "History", conversation: str, words: str, post: Post) -> None:
    """Forget a conversation, then search again."""
    with _failures_told(post):
        history.delete(conversation)
        post(events.ConversationsFound(history.find(words)))


def find_paths(typed: str, post: Post) -> None:
    """Files and folders whose path begins with what was typed; hidden ones only if a dot was typed."""
    path = Path(typed).expanduser()
    folder, beginning = (path, "") if typed.endswith(("/", "\\")) else (path.parent, path.name)
    found: list[Path] = []
    with contextlib.suppress(OSError):
        found = sorted(
            entry
            for entry in folder.iterdir()
            if entry.name.lower().startswith(beginning.lower())
            and not (entry.name.startswith(".") and not beginning.startswith("."))
        )
    post(events.PathsFound(typed, found[:_PATHS_OFFERED]))


def _progress_told(post: Post) -> Callable[[int, int], None]:
    def tell(done: int, todo: int) -> None:
        post(events.Progressed(done, todo))

    return tell


@contextlib.contextmanager
def _failures_told(post: Post) -> Iterator[None]:
    try:
        yield
    except AssistantError as error:
        post(events.WorkFailed(error))
