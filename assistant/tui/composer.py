"""Where questions are typed."""

from dataclasses import dataclass

from textual.events import Key
from textual.message import Message
from textual.widgets import TextArea

from assistant.messages import _


class Composer(TextArea):
    """Enter sends; Shift+Enter or Ctrl+J begins a line; Up and Down at the edges bring back earlier questions."""

    @dataclass
    class Sent(Message):
        """A question to ask."""

        question: str

    def __init__(self) -> None:
        super().__init__(placeholder=_("Type a question, then Enter"), compact=False, highlight_cursor_line=False)
        self.cursor_blink = False
        self._asked: list[str] = []
        self._at = 0
        self._draft = ""

    def remember(self, question: str) -> None:
        """Let Up bring this question back."""
        self._asked.append(question)
        self._at = len(self._asked)

    def give_back(self, question: str) -> None:
        """Put a question back to be edited, unless something else is being typed."""
        if not self.text.strip():
            self._put(question)

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self._send()
        elif event.key in ("shift+enter", "ctrl+j"):
            event.stop()
            event.prevent_default()
            self.insert("\n")
        else:
            await super()._on_key(event)

    def action_cursor_up(self, select: bool = False) -> None:
        """Up; on the first line, to the question before."""
        if self.cursor_at_first_line and not select:
            self._recall(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down; on the last line, to the question after."""
        if self.cursor_at_last_line and not select:
            self._recall(1)
        else:
            super().action_cursor_down(select)

    def _send(self) -> None:
        question = self.text.strip()
        if question:
            self.text = ""
            self.post_message(self.Sent(question))

    def _recall(self, by: int) -> None:
        if self._at == len(self._asked):
            self._draft = self.text
        to = self._at + by
        if 0 <= to <= len(self._asked):
            self._at = to
            self._put([*self._asked, self._draft][to])

    def _put(self, text: str) -> None:
        self.text = text
        self.move_cursor(self.document.end)
