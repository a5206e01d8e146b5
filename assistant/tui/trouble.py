"""The screen for a library or model that cannot be used: what is wrong, what to type, try again or quit."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.messages import _
from assistant.tui.text import shown

if TYPE_CHECKING:
    from assistant.errors import AssistantError


class TroubleScreen(ModalScreen[bool]):
    """Gives True to try again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r,enter", "dismiss(True)", show=False),
        Binding("q,escape", "app.quit", show=False),
    ]

    def __init__(self, error: "AssistantError") -> None:
        super().__init__()
        self._error = error

    def compose(self) -> ComposeResult:
        """A headline of the kind of trouble, then the error's own words."""
        with Vertical(classes="dialog"):
            yield Static(_headline(self._error), classes="dialog-title", markup=False)
            yield Static(shown(self._error.what))
            yield Static(shown(self._error.remedy), classes="remedy")
            yield Static(_("R  try again     Q  quit"), classes="dialog-keys", markup=False)


def _headline(error: "AssistantError") -> str:
    headlines = {
        "LibraryMissing": _("There is no library here yet"),
        "LibraryBroken": _("The library is damaged"),
        "LibraryOutdated": _("The library was made by another version"),
        "LibraryBusy": _("Another process is writing to the library"),
        "ModelUnusable": _("The model cannot be used"),
        "DocumentUnreadable": _("A document cannot be read"),
        "NothingToIndex": _("No document was found there"),
    }
    return headlines.get(type(error).__name__, _("Something is missing or broken"))
