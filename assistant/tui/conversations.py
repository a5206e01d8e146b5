"""The list of kept conversations: search, resume, delete."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.messages import _, counted
from assistant.tui import events, work
from assistant.tui.text import on_one_line
from assistant.tui.working import Working

if TYPE_CHECKING:
    from assistant.history import History, Kept


class ConversationsScreen(Working, ModalScreen[str]):
    """Gives the id of the conversation to resume."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("delete,ctrl+d", "delete", show=False, priority=True),
    ]

    def __init__(self, history: "History") -> None:
        super().__init__()
        self._history = history
        self._doomed: str | None = None

    def compose(self) -> ComposeResult:
        """A search field above the list."""
        with Vertical(classes="dialog wide"):
            yield Static(_("Conversations"), classes="dialog-title", markup=False)
            yield Input(placeholder=_("Search in questions and answers"))
            yield OptionList(markup=False)
            yield Static(id="conversations-none", classes="quiet", markup=False)
            yield Static(_keys(), classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        """Show all."""
        self._search()

    @on(Input.Changed)
    def _search(self) -> None:
        self.work("history", work.find_conversations, self._history, self.query_one(Input).value, self.post_message)

    @on(Input.Submitted)
    def _enter_list(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._spare()

    def on_conversations_found(self, event: events.ConversationsFound) -> None:
        """List them, the first one highlighted."""
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(_option(kept) for kept in event.kept)
        options.highlighted = 0 if event.kept else None
        self.query_one("#conversations-none", Static).update("" if event.kept else _("No conversation found."))

    def on_work_failed(self, event: events.WorkFailed) -> None:
        """Say why there is no list."""
        self.query_one("#conversations-none", Static).update(f"{event.error.what}\n{event.error.remedy}")

    def action_delete(self) -> None:
        """Delete the highlighted conversation, when asked twice."""
        highlighted = self.query_one(OptionList).highlighted_option
        if highlighted is None:
            return
        if self._doomed == highlighted.id:
            words = self.query_one(Input).value
            self.work("history", work.delete_conversation, self._history, highlighted.id, words, self.post_message)
            self._spare()
        else:
            self._doomed = highlighted.id
            self.query_one(".dialog-keys", Static).update(_("Del again to delete it for good     Esc  close"))

    def _spare(self) -> None:
        self._doomed = None
        self.query_one(".dialog-keys", Static).update(_keys())


def _keys() -> str:
    return _("Enter  resume     Del  delete     Esc  close")


def _option(kept: "Kept") -> Option:
    questions = counted("{count} question", "{count} questions", kept.turns)
    when = f"{kept.changed.astimezone():%Y-%m-%d %H:%M} · {questions}"
    return Option(Content.assemble(on_one_line(kept.title), "\n", (when, "dim")), id=kept.id)
