"""Asking, whatever the screen looks like: one question at a time, its stages, its reply or failure, its cancelling."""

import asyncio
from typing import TYPE_CHECKING, Any

from textual import on
from textual.message import Message
from textual.worker import Worker

from assistant.messages import _
from assistant.tui import events, work
from assistant.tui.composer import Composer
from assistant.tui.source import SourcePane
from assistant.tui.transcript import Transcript
from assistant.tui.turn import Turn
from assistant.tui.working import Working

if TYPE_CHECKING:
    from assistant.citations import Reply
    from assistant.errors import AssistantError
    from assistant.history import History
    from assistant.session import Session
    from assistant.tui.chip import Chip


class Asking(Working):
    """Holds the one question being answered and the replies that were accepted."""

    def __init__(self, session: "Session", history: "History") -> None:
        super().__init__()
        self._session = session
        self._history = history
        self._opened = False
        self._asking: Turn | None = None
        self._asker: Worker[Any] | None = None
        self._ticket = 0
        self._begin()

    def _begin(self, conversation: str = "", replies: "list[Reply] | None" = None) -> None:
        from assistant.exports import Numbers

        self.replies = replies or []
        self._conversation = conversation or self._history.new_id()
        self._numbers = Numbers()

    @property
    def answering(self) -> bool:
        """Whether a question is being answered."""
        return self._asking is not None

    def failure(self, group: str, error: "AssistantError") -> Message:
        """A fault, told where the work that had it belongs."""
        if group == "library":
            return events.OpeningFailed(error)
        return events.AskingFailed(self._ticket, error) if group == "asking" else events.WorkFailed(error)

    @on(Composer.Sent)
    async def _sent(self, event: Composer.Sent) -> None:
        if self._asking is not None:
            self.query_one(Composer).give_back(event.question)
            self.notify(_("A question is being answered; Esc cancels it."))
            return
        self.query_one(Composer).remember(event.question)
        self.remove_class("-source")
        turn = await self.query_one(Transcript).add_turn(event.question)
        self._asking = turn
        turn.show_stages(opened=self._opened, found=None)
        if self._opened:
            self._ask(turn)

    def _ask(self, turn: Turn) -> None:
        self._ticket += 1
        arguments = (self._session, turn.question, tuple(self.replies), self._ticket, self.post_message)
        self._asker = self.work("asking", work.ask, *arguments)
        turn.show_stages(opened=True, found=None)

    def _answered(self, ticket: int) -> Turn | None:
        """The turn that what a thread says is about; None if its question was cancelled."""
        return self._asking if ticket == self._ticket else None

    def on_rewritten(self, event: events.Rewritten) -> None:
        """The question is being completed."""
        if turn := self._answered(event.ticket):
            turn.show_rewriting(event.piece)
            self.query_one(Transcript).stay_at_end()

    def on_passages_found(self, event: events.PassagesFound) -> None:
        """The second stage."""
        if turn := self._answered(event.ticket):
            turn.show_stages(opened=True, found=event.count)

    def on_written(self, event: events.Written) -> None:
        """The answer is being written."""
        if turn := self._answered(event.ticket):
            turn.show_draft(event.piece)
            self.query_one(Transcript).stay_at_end()

    async def on_replied(self, event: events.Replied) -> None:
        """Accept the reply of the question being answered; others were cancelled."""
        turn = self._answered(event.ticket)
        if turn is None:
            return
        self._asking = None
        self.replies.append(event.reply)
        await turn.show_reply(event.reply, self._numbers)
        self.query_one(Transcript).stay_at_end()
        arguments = (self._history, self._conversation, event.reply, self.post_message)
        self.work("keeping", work.keep, *arguments, exclusive=False)
        if turn.chips and event.reply.answered:
            self._follow(turn.chips[0])
        else:
            self.query_one(SourcePane).clear()

    async def on_asking_failed(self, event: events.AskingFailed) -> None:
        """Show why, and give the question back."""
        if turn := self._answered(event.ticket):
            self._asking = None
            await turn.show_failure(event.error)
            self.query_one(Transcript).stay_at_end()
            self.query_one(Composer).give_back(turn.question)

    async def cancel(self) -> bool:
        """Forget the question being answered and give it back; says whether there was one."""
        turn, self._asking = self._asking, None
        if turn is None:
            return False
        self._ticket += 1
        if self._asker is not None:
            self._asker.cancel()
        await turn.show_cancelled()
        # Before another question can be sent, so that it is not that one which is stopped.
        await asyncio.to_thread(self._session.stop_asking)
        self.query_one(Composer).give_back(turn.question)
        return True

    def _follow(self, chip: "Chip") -> None:
        self.work("source", work.find_source, self._session, chip.citation, chip.role, self.post_message)
