"""The chat screen: conversation on the left, source on the right, and every command."""

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Footer

from assistant.messages import _
from assistant.tui import events, saving, work
from assistant.tui.asking import Asking
from assistant.tui.chip import Chip
from assistant.tui.commands import commands
from assistant.tui.composer import Composer
from assistant.tui.source import SourcePane
from assistant.tui.title import Title
from assistant.tui.transcript import Transcript

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.citations import Reply
    from assistant.history import History
    from assistant.session import Session
    from assistant.tui.choosing import Choice


class ChatScreen(Asking):
    """Where people ask."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012  (Textual declares it so)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = "Composer"

    def __init__(self, session: "Session", history: "History") -> None:
        super().__init__(session, history)
        self._loading = False
        for command in commands():
            if command.keys:
                self._bindings.bind(
                    command.keys, command.action, command.title, show=command.in_footer, priority=command.priority
                )
        for digit in "123456789":
            self._bindings.bind(f"{digit},alt+{digit}", f"choose({digit})")
        self._bindings.bind("tab", "switch", priority=True)

    def compose(self) -> ComposeResult:
        """Title, conversation and source, question, keys."""
        yield Title()
        with Horizontal(id="body"):
            yield Transcript()
            yield SourcePane()
        yield Composer()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Open the library once the screen is painted."""
        self.call_after_refresh(self.open_library)

    def open_library(self) -> None:
        """Open the library, off the event loop."""
        self.work("library", work.open_library, self._session, self.post_message)

    # What the threads say

    def on_progressed(self, event: events.Progressed) -> None:
        """The first library is being made."""
        self.query_one(Transcript).show_progress(event.done, event.todo)

    def on_library_opened(self, event: events.LibraryOpened) -> None:
        """Ask what was typed meanwhile."""
        self._opened = True
        self.query_one(Transcript).show_documents(event.documents)
        self.query_one(Title).show(self._session.engine)
        if self._asking is not None:
            self._ask(self._asking)

    def on_opening_failed(self, event: events.OpeningFailed) -> None:
        """Say what to type."""
        from assistant.tui.trouble import TroubleScreen

        self.app.push_screen(TroubleScreen(event.error), lambda again: self.open_library() if again else None)

    def on_source_found(self, event: events.SourceFound) -> None:
        """Show the source that was asked for."""
        self.query_one(Transcript).mark(event.citation)
        self.query_one(SourcePane).show(event.source, event.citation, event.role)

    def on_work_failed(self, event: events.WorkFailed) -> None:
        """Say it without getting in the way."""
        self.notify(f"{event.error.what}\n{event.error.remedy}", severity="error", markup=False, timeout=12)

    def on_choosing_ended(self, event: events.ChoosingEnded) -> None:
        """Another model writes from now on, or the same as before."""
        self._loading = False
        self.query_one(Title).show(self._session.engine)

    # The source

    @on(Chip.Chosen)
    def _chosen(self, event: Chip.Chosen) -> None:
        self._follow(event.chip)

    @on(Chip.Opened)
    def _chip_opened(self, event: Chip.Opened) -> None:
        self._follow(event.chip)
        self.remove_class("-no-source")
        self.add_class("-source")
        self.call_after_refresh(self.query_one("#source-scroll").focus)

    @on(Chip.Stepped)
    def _stepped(self, event: Chip.Stepped) -> None:
        self.query_one(Transcript).step(event.chip, event.by)

    # Commands

    async def action_back(self) -> None:
        """Cancel the question being answered; otherwise leave the source and go back to typing."""
        await self.cancel()
        self.remove_class("-source")
        self.query_one(Composer).focus()

    def action_switch(self) -> None:
        """Between the question and the citations."""
        chip = self.query_one(Transcript).current_chip()
        if isinstance(self.focused, Composer) and chip is not None:
            chip.focus()
        else:
            self.query_one(Composer).focus()

    def action_choose(self, number: int) -> None:
        """Go to a citation by its number."""
        chip = self.query_one(Transcript).chip(number)
        if chip is not None:
            chip.focus()

    def action_toggle_source(self) -> None:
        """Show or hide the source; in a narrow terminal, instead of the conversation."""
        self.toggle_class("-source" if self.has_class("-narrow") else "-no-source")

    async def action_new_conversation(self) -> None:
        """Begin again; what was said is in the history."""
        await self._show([], "")

    async def on_conversation_loaded(self, event: events.ConversationLoaded) -> None:
        """Go on with a kept conversation."""
        await self._show(event.replies, event.id)

    async def _show(self, replies: "list[Reply]", conversation: str) -> None:
        await self.cancel()
        self._begin(conversation, replies)
        await self.query_one(Transcript).replay(replies, self._numbers)
        self.query_one(SourcePane).clear()
        self.remove_class("-source")
        self.query_one(Composer).focus()

    def action_show_conversations(self) -> None:
        """Find, resume or delete a conversation."""
        from assistant.tui.conversations import ConversationsScreen

        self.app.push_screen(ConversationsScreen(self._history), self._resume)

    def _resume(self, conversation: str | None) -> None:
        if conversation is not None:
            self.work("history", work.load_conversation, self._history, conversation, self.post_message)

    def action_choose_model(self) -> None:
        """Choose who writes the answers."""
        from assistant.tui.choosing import ChoosingScreen

        if self._loading or not self._opened:
            self.notify(_("A model is being loaded."))
        else:
            self.app.push_screen(ChoosingScreen(self._session.engine), self._choose)

    def _choose(self, choice: "Choice | None") -> None:
        if choice is not None:
            self._loading = True
            self.query_one(Title).show_loading(choice.model)
            self.work("model", work.choose, self._session, choice.model, choice.base_url, self.post_message)

    def action_add_documents(self) -> None:
        """Add files to the library."""
        from assistant.tui.adding import AddingScreen

        self.app.push_screen(AddingScreen(), lambda path: self._update([path]) if path else None)

    def action_update_library(self) -> None:
        """Read changed files again."""
        self._update([])

    def _update(self, paths: "list[Path]") -> None:
        from assistant.tui.updating import UpdatingScreen

        self.app.push_screen(UpdatingScreen(self._session, paths), self._updated)

    def _updated(self, documents: "list[str] | None") -> None:
        if documents is not None:
            self.query_one(Transcript).show_documents(documents)
            chip = self.query_one(Transcript).current_chip()
            if chip is not None:
                self._follow(chip)

    def action_copy_answer(self) -> None:
        """Copy the answer of the current turn, or of the last one, with its citations."""
        turn = self.query_one(Transcript).current_turn()
        saving.copy(self.app, turn.reply if turn is not None else None)

    def action_export(self, suffix: str) -> None:
        """Save the conversation as "md" for people or "json" for programs."""
        saving.export(self.app, self.replies, suffix)

    def action_show_help(self) -> None:
        """Show all keys."""
        from assistant.tui.help import HelpScreen

        self.app.push_screen(HelpScreen())
