"""Choosing a file or folder to add, with completion."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.messages import _
from assistant.tui import events, work
from assistant.tui.text import on_one_line
from assistant.tui.working import Working


class AddingScreen(Working, ModalScreen[Path]):
    """Gives the path to add."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False),
        Binding("tab", "complete", show=False, priority=True),
        Binding("down", "highlight(1)", show=False, priority=True),
        Binding("up", "highlight(-1)", show=False, priority=True),
    ]

    def compose(self) -> ComposeResult:
        """The path being typed above what it may become."""
        with Vertical(classes="dialog wide"):
            yield Static(_("Add text or Markdown files, or a folder of them"), classes="dialog-title", markup=False)
            yield Input(f"{Path.cwd()}/", placeholder=_("Path"), select_on_focus=False)
            yield OptionList(markup=False)
            yield Static(
                _("Tab  complete     ↑ ↓  choose     Enter  add     Esc  close"), classes="dialog-keys", markup=False
            )

    def on_mount(self) -> None:
        """The list only shows; the keyboard stays with the path."""
        self.query_one(OptionList).can_focus = False

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.work("paths", work.find_paths, event.value, self.post_message)

    def on_paths_found(self, event: events.PathsFound) -> None:
        """Offer them, unless typing went on."""
        if event.typed == self.query_one(Input).value:
            options = self.query_one(OptionList)
            options.clear_options()
            options.add_options(Option(on_one_line(_typed(path)), id=_typed(path)) for path in event.paths)

    def action_highlight(self, by: int) -> None:
        """Move in the list."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()

    def action_complete(self) -> None:
        """Take the highlighted path, or the only one."""
        options = self.query_one(OptionList)
        if options.highlighted is None and options.option_count:
            options.highlighted = 0
        if options.highlighted_option is not None:
            self._take(str(options.highlighted_option.id))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._take(str(event.option.id))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        highlighted = self.query_one(OptionList).highlighted_option
        path = str(highlighted.id) if highlighted is not None else event.value.strip()
        if path:
            self.dismiss(Path(path).expanduser())

    def _take(self, path: str) -> None:
        field = self.query_one(Input)
        field.value = path
        field.action_end()


def _typed(path: Path) -> str:
    return f"{path}/" if path.is_dir() else str(path)
