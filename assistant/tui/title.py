"""The first line: the name of the program, and who writes the answers."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from assistant.messages import _
from assistant.tui.text import on_one_line

if TYPE_CHECKING:
    from assistant.engine import Engine


class Title(Static):
    """Says at all times which model is in use, and where sentences are sent if they leave this machine."""

    def __init__(self) -> None:
        super().__init__(id="title")
        self._say("")

    def show(self, engine: "Engine | None") -> None:
        """Who writes from now on."""
        self._say(name_of(engine))

    def show_loading(self, model: str | None) -> None:
        """Who will write soon."""
        self._say(_("loading {model}…").format(model=model) if model else name_of(None))

    def _say(self, who: str) -> None:
        self.update(Content.assemble(("assistant", "bold"), " · " if who else "", on_one_line(who)))


def name_of(engine: "Engine | None") -> str:
    """What people call what writes the answers, with the server that it writes at."""
    if engine is None:
        return _("built-in reader")
    return (
        engine.name if engine.place is None else _("{model} at {place}").format(model=engine.name, place=engine.place)
    )
