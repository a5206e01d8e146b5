"""The conversation so far, oldest turn first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import ProgressBar, Static

from assistant.messages import _, counted
from assistant.tui.chip import Chip
from assistant.tui.text import on_one_line
from assistant.tui.turn import Turn

if TYPE_CHECKING:
    from assistant.citations import Citation, Reply
    from assistant.exports import Numbers

_NAMES_SHOWN = 5


class Transcript(VerticalScroll, can_focus=False):
    """Turns, or a welcome while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._following = True

    def compose(self) -> ComposeResult:
        """The welcome."""
        with VerticalScroll(id="welcome", can_focus=False):
            yield Static(_("Ask your documents."), id="welcome-title", markup=False)
            yield Static(_("Every answer cites the exact sentence it was taken from."), classes="quiet", markup=False)
            yield Static(id="welcome-library", classes="quiet", markup=False)
            yield ProgressBar(id="welcome-progress", show_eta=False)

    def show_progress(self, done: int, todo: int) -> None:
        """The first library is being made."""
        self.query_one("#welcome-library", Static).update(_("Indexing the first document; this happens once."))
        bar = self.query_one(ProgressBar)
        bar.add_class("-running")
        bar.update(total=todo or None, progress=done)

    def show_documents(self, names: Sequence[str]) -> None:
        """What the library holds."""
        count = counted("{count} document", "{count} documents", len(names))
        listed = ", ".join(names[:_NAMES_SHOWN]) + ("…" if len(names) > _NAMES_SHOWN else "")
        self.query_one("#welcome-library", Static).update(
            on_one_line(_("{count}: {names}").format(count=count, names=listed))
        )
        self.query_one(ProgressBar).remove_class("-running")

    async def add_turn(self, question: str) -> Turn:
        """Show a question that is being asked."""
        turn = Turn(question)
        self.query_one("#welcome").display = False
        await self.mount(turn)
        self.call_after_refresh(self.scroll_end, animate=False)
        return turn

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whoever scrolls up to read stays there; whoever scrolls back to the end follows again."""
        super().watch_scroll_y(old_value, new_value)
        # Not asked when something arrives: what arrived just before it may not have been scrolled to yet.
        self._following = new_value >= self.max_scroll_y - 1

    def stay_at_end(self) -> None:
        """Follow what has arrived, unless the reader has scrolled up."""
        if self._following:
            self.call_after_refresh(self._scroll_to_end)

    def _scroll_to_end(self) -> None:
        if self._following:
            self.scroll_end(animate=False)

    async def replay(self, replies: "Sequence[Reply]", numbers: "Numbers") -> None:
        """Show a kept conversation instead of this one."""
        await self.query(Turn).remove()
        self.query_one("#welcome").display = True
        for reply in replies:
            turn = await self.add_turn(reply.question)
            await turn.show_reply(reply, numbers)

    @property
    def turns(self) -> list[Turn]:
        """All turns, oldest first."""
        return list(self.query(Turn))

    def chip(self, number: int) -> Chip | None:
        """The chip that a number key means: in the turn of the current chip, else in the last one that has it."""
        current = [turn for turn in self.turns if turn.query("Chip.-current")]
        for turn in current + self.turns[::-1]:
            for chip in turn.chips:
                if chip.number == number:
                    return chip
        return None

    def current_chip(self) -> Chip | None:
        """The chip whose sentence the source shows, else the first of the last turn that has any."""
        current = [chip for chip in self.query(Chip) if chip.has_class("-current")]
        return next(iter(current + [turn.chips[0] for turn in self.turns[::-1] if turn.chips]), None)

    def current_turn(self) -> Turn | None:
        """The turn of the focused chip, else the last one."""
        focused = [turn for turn in self.turns if turn.query("Chip:focus")]
        return next(iter(focused + self.turns[::-1]), None)

    def step(self, chip: Chip, by: int) -> None:
        """Focus a neighbour of a chip."""
        chips = list(self.query(Chip))
        chips[max(0, min(len(chips) - 1, chips.index(chip) + by))].focus()

    def mark(self, citation: "Citation") -> None:
        """Mark the chip whose sentence the source shows."""
        for chip in self.query(Chip):
            chip.set_class(chip.citation is citation, "-current")
            chip.refresh()
