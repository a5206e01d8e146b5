"""One question and what became of it: stages while it is answered, then the answer, an abstention or a failure."""

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from assistant.messages import _, counted, percent
from assistant.tui.chip import Chip
from assistant.tui.text import on_one_line, shown

if TYPE_CHECKING:
    from assistant.citations import Reply
    from assistant.errors import AssistantError
    from assistant.exports import Numbers


class Turn(Vertical):
    """A question; `show_reply` and its like say how it ended."""

    def __init__(self, question: str) -> None:
        super().__init__(classes="asking")
        self.question = question
        self.reply: Reply | None = None

    def compose(self) -> ComposeResult:
        """The question, and room for the rest."""
        yield Static(on_one_line(self.question), classes="question")
        yield Static(classes="stages")

    def show_stages(self, *, opened: bool, found: int | None) -> None:
        """How far it is: the library opened, so many passages found, being read."""
        waiting = [] if opened else [("●", _("opening the library"))]
        search = _("searching") if found is None else counted("{count} passage found", "{count} passages found", found)
        marks = ("○", "○") if not opened else ("●", "○") if found is None else ("✓", "●")
        stages = [*waiting, (marks[0], search), (marks[1], _("reading")), ("○", _("answer"))]
        line = Content("   ").join(
            Content.styled(f"{mark} {name}", "bold" if mark == "●" else "") for mark, name in stages
        )
        self.query_one(".stages", Static).update(line)

    async def show_reply(self, reply: "Reply", numbers: "Numbers") -> None:
        """The answer with its citations, or that the documents do not say, with the nearest sentences."""
        self.reply = reply
        if reply.answer is not None:
            chips = [Chip(citation, numbers.of(citation), cited=True) for citation in reply.citations]
            await self._end("answered", Static(shown(reply.answer), classes="answer"), *chips, self._figures(reply))
        else:
            chips = [Chip(citation, i, cited=False) for i, citation in enumerate(reply.nearest, 1)]
            words = Static(_("The documents do not say."), classes="answer", markup=False)
            label = [Static(_("The nearest sentences:"), classes="label", markup=False)] if chips else []
            await self._end("abstained", words, *label, *chips)

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
        await self.query_one(".stages").remove()
        completed = self.reply.completed if self.reply else None
        if completed:
            asked = _("Understood as: {question}").format(question=completed)
            await self.mount(Static(on_one_line(asked), classes="completed"))
        await self.mount_all(widgets)

    def _figures(self, reply: "Reply") -> Static:
        milliseconds = round(sum(reply.timings_ms.values()))
        confidence = _("confidence {percent}").format(percent=percent(reply.confidence))
        return Static(f"{confidence} · {milliseconds} ms", classes="figures", markup=False)
