"""The help: every key and what it does."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.messages import _
from assistant.tui.commands import commands, other_keys


class HelpScreen(ModalScreen[None]):
    """A table of keys, closed by Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "dismiss", show=False)]

    def compose(self) -> ComposeResult:
        """Keys on the left, their meaning on the right."""
        keyed = [(_name(command.keys), command.help) for command in commands() if command.keys]
        # What only the palette has goes by the name that it has there.
        named = [(f"› {command.title}", command.help) for command in commands() if not command.keys]
        rows = other_keys() + keyed + named
        with Vertical(classes="dialog wide tall"):
            yield Static(_("Keys"), classes="dialog-title", markup=False)
            with VerticalScroll(), Grid(id="help-table"):
                for keys, meaning in rows:
                    yield Static(keys, classes="help-key", markup=False)
                    yield Static(meaning, markup=False)
            yield Static(_("Esc  close"), classes="dialog-keys", markup=False)


def _name(key: str) -> str:
    return {"escape": _("Esc")}.get(key, "+".join(part.capitalize() for part in key.split("+")))
