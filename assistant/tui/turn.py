"""One question and what became of it: stages and a draft while it is answered, then the reply or a failure."""

import re
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from assistant.messages import _, counted
from assistant.tui import answers
from assistant.tui.chip import Chip
from assistant.tui.text import on_one_line, shown

if TYPE_CHECKING:
    from assistant.citations import Reply
    from assistant.errors import AssistantError
    from assistant.exports import Numbers

# The ids of a draft are those of its prompt, which nobody sees.
_IDS = re.compile(r"\[[0-9 ,;]*(?:\]|$)")


class Turn(Vertical):
    """A question; `show_reply` and its like say how it ended."""

    def __init__(self, question: str) -> None:
        super().__init__(classes="asking")
        self.question = question
        self.reply: Reply | None = None
        self._rewriting = self.draft = ""
        self._found: int | None = None

    def compose(self) -> ComposeResult:
        """The question, and room for the rest."""
        yield Static(on_one_line(self.question), classes="question")
        yield Static(classes="completed under-way")
        yield Static(classes="stages under-way")
        yield Static(classes="draft under-way")

    def show_stages(self, *, opened: bool, found: int | None) -> None:
        """How far it is: the library opened, so many passages found, being read or written from."""
        self._found = found
        waiting = [] if opened else [("●", _("opening the library"))]
        search = _("searching") if found is None else counted("{count} passage found", "{count} passages found", found)
        marks = ("○", "○") if not opened else ("●", "○") if found is None else ("✓", "●")
        last = ("○", _("answer"))
        if found is None and self._rewriting:
            search = _("completing the question")
        if self.draft:
            marks, last = ("✓", "✓"), ("●", _("writing, not checked yet"))
        stages = [*waiting, (marks[0], search), (marks[1], _("reading")), last]
        line = Content("   ").join(
            Content.styled(f"{mark} {name}", "bold" if mark == "●" else "") for mark, name in stages
        )
        self.query_one(".stages", Static).update(line)

    def show_rewriting(self, piece: str) -> None:
        """A piece more of the question in full, as it comes."""
        self._rewriting += piece
        self.set_class(bool(self._rewriting), "rewriting")
        self.query_one(".completed", Static).update(_completed(self._rewriting))
        self.show_stages(opened=True, found=None)

    def show_draft(self, piece: str) -> None:
        """A piece more of what a chat model writes, as it comes."""
        first, self.draft = not self.draft, self.draft + piece
        self.set_class(bool(self.draft), "writing")
        self.query_one(".draft", Static).update(shown(_IDS.sub("[…]", self.draft)))
        if first:
            self.show_stages(opened=True, found=self._found)

    async def show_reply(self, reply: "Reply", numbers: "Numbers") -> None:
        """The answer with its citations, or that the documents do not say, with the nearest sentences."""
        self.reply = reply
        completed = [Static(_completed(reply.completed), classes="completed")] if reply.completed else []
        await self._end("answered" if reply.answered else "abstained", *completed, *answers.answer(reply, numbers))

    async def show_failure(self, error: "AssistantError") -> None:
        """What failed and what to type next."""
        await self._end(
            "failed", Static(shown(error.what), classes="answer"), Static(shown(error.remedy), classes="remedy")
        )

    async def show_cancelled(self) -> None:
        """That nothing of it was kept."""
        await self._end("cancelled", Static(_("Cancelled; nothing of it was kept."), classes="answer", markup=False))

    @property
    def chips(self) -> list[Chip]:
        """Its citations, in order."""
        return list(self.query(Chip))

    async def _end(self, state: str, *widgets: Widget) -> None:
        self.set_classes(state)
        # Removed and mounted in one go, so that what comes after does not jump.
        with self.app.batch_update():
            await self.query(".under-way").remove()
            await self.mount_all(widgets)


def _completed(question: str) -> Content:
    return on_one_line(_("Understood as: {question}").format(question=question))
