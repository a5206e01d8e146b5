"""Session + history → the running terminal UI."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App, SystemCommand
from textual.command import CommandPalette
from textual.screen import Screen

from assistant.messages import _
from assistant.tui import theme
from assistant.tui.chat import ChatScreen
from assistant.tui.commands import commands
from assistant.tui.composer import Composer

if TYPE_CHECKING:
    from assistant.history import History
    from assistant.session import Session

_PATIENCE = 3.0
"""Seconds to end in once the terminal is gone."""


class AssistantApp(App[None]):
    """The app: one chat screen, with dialogs above it."""

    CSS_PATH = "assistant.tcss"
    TITLE = "assistant"
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, session: "Session", history: "History", theme_name: str = theme.DARK.name) -> None:
        super().__init__()
        self._session = session
        self._history = history
        for each in (theme.DARK, theme.LIGHT):
            self.register_theme(each)
        self.theme = theme_name

    def on_mount(self) -> None:
        """Leave the terminal as it was also when asked to end from outside."""
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(signal.SIGTERM, self.exit)
                # Not the loop's: it may be waiting for Textual to write to a terminal that is gone.
                signal.signal(signal.SIGHUP, lambda *_: self._end_without_terminal(loop))

    def _end_without_terminal(self, loop: asyncio.AbstractEventLoop) -> None:
        """What is written then can block Textual forever: the thread that writes is dead, and its queue full."""
        last = threading.Timer(_PATIENCE, os._exit, [128 + signal.SIGHUP])
        last.daemon = True
        last.start()
        loop.call_soon_threadsafe(self.exit)

    def on_unmount(self) -> None:
        """Wait for no documents being indexed and no answer being written; the library is then as it was."""
        self._session.stop_update()
        self._session.stop_asking()

    def on_app_focus(self) -> None:
        """A browser may give the focus before there is anything to have it."""
        if self.focused is None and isinstance(self.screen, ChatScreen):
            self.screen.query_one(Composer).focus()

    def get_default_screen(self) -> Screen[Any]:
        """The chat."""
        return ChatScreen(self._session, self._history)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What the names of our own mean in other themes."""
        return theme.FALLBACKS

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action, with its help."""
        for command in commands():
            if command.action != "app.command_palette":
                yield SystemCommand(command.title, command.help, partial(screen.run_action, command.action))

    def action_command_palette(self) -> None:
        """Open the palette."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=_("Search for an action…"), id="--command-palette"))

    def action_help_quit(self) -> None:
        """Ctrl+C: stop what runs, or say how to leave."""
        if isinstance(self.screen, ChatScreen) and self.screen.answering:
            self.screen.call_later(self.screen.cancel)
        else:
            self.notify(_("Ctrl+Q quits."))
