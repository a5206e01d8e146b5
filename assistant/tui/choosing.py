"""Choosing who writes the answers: the built-in reader, a chat model on this machine, or one that a server runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant import places
from assistant.messages import _
from assistant.tui import events, work
from assistant.tui.text import on_one_line
from assistant.tui.title import name_of
from assistant.tui.working import Working

if TYPE_CHECKING:
    from assistant.catalogue import ModelCard
    from assistant.engine import Engine

_REMOTE = "openai:"
_READER = "reader"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user calls a chat model, None for the built-in reader; and its server's address, if it has one."""

    model: str | None
    base_url: str | None = None


class ChoosingScreen(Working, ModalScreen[Choice]):
    """Gives what was chosen; it is not loaded yet."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]

    def __init__(self, engine: "Engine | None") -> None:
        super().__init__()
        self._engine = engine

    def compose(self) -> ComposeResult:
        """Those at hand in a list, and below it a name to type."""
        with Vertical(classes="dialog wide"):
            yield Static(_("Who writes the answers"), classes="dialog-title", markup=False)
            yield Static(on_one_line(_("In use: {model}").format(model=name_of(self._engine))), classes="quiet")
            yield OptionList(markup=False)
            yield Static(_("Or another one:"), classes="label", markup=False)
            yield Input(placeholder=_("path of a GGUF file, or openai:NAME for a server"), id="model")
            yield Input(places.chat_server(), placeholder=_("address of the server: http://…/v1"), id="server")
            yield Static(_("Enter  choose     Tab  list or name     Esc  close"), classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        """The reader is there at once; models as they are found."""
        self.query_one("#server").display = False
        options = self.query_one(OptionList)
        options.add_option(
            _option(_READER, _("built-in reader"), _("quotes the documents' own words; nothing to load"))
        )
        options.highlighted = 0
        self.work("models", work.find_models, self.post_message)

    def on_models_found(self, event: events.ModelsFound) -> None:
        """List them."""
        options = self.query_one(OptionList)
        options.add_options(_option(card.name, card.name, _about(card)) for card in event.cards)
        options.add_options(_option(str(source), str(source)) for source in event.others)
        if options.option_count == 1:
            hint = _("no chat model was pulled yet: assistant models list")
            options.add_option(Option(Content.styled(hint, "dim"), disabled=True))

    def on_work_failed(self, event: events.WorkFailed) -> None:
        """Say why there is no list."""
        hint = on_one_line(f"{event.error.what} {event.error.remedy}")
        self.query_one(OptionList).add_option(Option(hint, disabled=True))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(Choice(None if event.option.id == _READER else event.option.id))

    @on(Input.Changed, "#model")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#server").display = event.value.strip().startswith(_REMOTE)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        field, server = self.query_one("#model", Input), self.query_one("#server", Input)
        model, address = field.value.strip(), server.value.strip()
        if not model:
            field.focus()
        elif not model.startswith(_REMOTE):
            self.dismiss(Choice(model))
        elif not address:
            server.focus()
        else:
            self.dismiss(Choice(model, address))


def _option(name: str, title: str, about: str = "") -> Option:
    return Option(Content.assemble((on_one_line(title).plain, "bold"), "  ", (about, "dim")), id=name)


def _about(card: "ModelCard") -> str:
    size = _("{gigabytes} GB").format(gigabytes=f"{card.size / 1e9:.1f}")
    return f"{size} · {', '.join(card.languages)}"
