"""One numbered citation under an answer, to be chosen by keyboard or mouse."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from assistant.messages import _
from assistant.tui.text import on_one_line

if TYPE_CHECKING:
    from assistant.citations import Citation

Role = Literal["cited", "near", "doubted"]
"""What a sentence is to a reply: it says so, it merely came close, or it was cited for what it does not support."""

_SIGNS: dict[Role, str] = {"cited": "", "near": "≈", "doubted": "✗"}


class Chip(Static, can_focus=True):
    """A sentence to look at. `number` is what keys choose it by; `said`: whether the answer above is all of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "open", show=False),
        Binding("up,left", "step(-1)", show=False),
        Binding("down,right", "step(1)", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """The source should follow this chip."""

        chip: "Chip"

    @dataclass
    class Opened(Message):
        """This chip's sentence should be opened in its context."""

        chip: "Chip"

    @dataclass
    class Stepped(Message):
        """The neighbour of this chip should be chosen."""

        chip: "Chip"
        by: int

    def __init__(self, citation: "Citation", number: int, role: Role, said: bool = False) -> None:
        super().__init__(classes=role)
        self.citation = citation
        self.number = number
        self.role = role
        self._said = said

    def render(self) -> Content:
        """Its number and place, then the sentence unless the answer above is all of it."""
        citation = self.citation
        mark = "▸" if self.has_class("-current") else " "
        label = f"{mark}{_SIGNS[self.role]}{self.number} "
        place = _("{document}, sentence {number}").format(document=citation.document, number=citation.sentence_number)
        parts: list[Content | str] = [Content.styled(label, "bold"), on_one_line(place)]
        if not self._said:
            parts += ["  ", on_one_line(citation.sentence).stylize(self.app.theme_variables["quiet"])]
        return Content.assemble(*parts)

    def on_focus(self) -> None:
        """Being focused is being chosen."""
        self.post_message(self.Chosen(self))

    def on_click(self, event: Click) -> None:
        """A click opens."""
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """Open the sentence in its context."""
        self.post_message(self.Opened(self))

    def action_step(self, by: int) -> None:
        """Move to a neighbour."""
        self.post_message(self.Stepped(self, by))
