"""An update of the library under way: progress, then what it did or why it could not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import ProgressBar, Static

from assistant.messages import _, counted
from assistant.tui import events, work
from assistant.tui.text import shown
from assistant.tui.working import Working

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.indexing import Summary
    from assistant.session import Session


class UpdatingScreen(Working, ModalScreen[list[str]]):
    """Gives the names of all documents when the library was updated. Esc stops the update."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "leave", show=False)]

    def __init__(self, session: "Session", paths: "Sequence[Path]") -> None:
        super().__init__()
        self._session = session
        self._paths = paths
        self._documents: list[str] | None = None
        self._under_way = True

    def compose(self) -> ComposeResult:
        """A bar and room for the outcome."""
        with Vertical(classes="dialog"):
            yield Static(_("Updating the library"), classes="dialog-title", markup=False)
            yield ProgressBar(show_eta=False)
            yield Static(id="outcome")
            yield Static(_("Esc  stop; the library stays as it was"), classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        """Start."""
        self.work("update", work.update_library, self._session, self._paths, self.post_message)

    def on_progressed(self, event: events.Progressed) -> None:
        """Move the bar."""
        self.query_one(ProgressBar).update(total=event.todo or None, progress=event.done)

    def on_library_updated(self, event: events.LibraryUpdated) -> None:
        """Say what was done."""
        self._documents = event.documents
        self._end("\n".join(_lines(event.summary)))

    def on_work_failed(self, event: events.WorkFailed) -> None:
        """Say why not."""
        self._end(f"{event.error.what}\n{event.error.remedy}")

    def action_leave(self) -> None:
        """Stop if need be, and close."""
        if self._under_way:
            self._session.stop_update()
        self.dismiss(self._documents)

    def _end(self, outcome: str) -> None:
        self._under_way = False
        self.query_one(ProgressBar).display = False
        self.query_one("#outcome", Static).update(shown(outcome))
        self.query_one(".dialog-keys", Static).update(_("Esc  close"))


def _lines(summary: "Summary") -> list[str]:
    counts = [
        counted("{count} file added", "{count} files added", summary.added),
        counted("{count} file changed", "{count} files changed", summary.changed),
        counted("{count} file removed", "{count} files removed", summary.removed),
        counted("{count} file unchanged", "{count} files unchanged", summary.unchanged),
    ]
    return [", ".join(counts), *(error.what for error in summary.unreadable)]
