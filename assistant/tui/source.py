"""The source pane: a document's text with the chosen sentence standing out, and what may be wrong with it."""

import itertools
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from assistant.messages import _
from assistant.tui.text import on_one_line, shown

if TYPE_CHECKING:
    from assistant.citations import Citation
    from assistant.session import Source
    from assistant.tui.chip import Role

_LINES_ABOVE = 3


class SourceText(Widget):
    """The text itself. The sentence is tinted and underlined, the quoted words are bold on a strong ground."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"source-text--sentence", "source-text--quote"}

    def __init__(self) -> None:
        super().__init__()
        self._parts = [""] * 5

    def show(self, source: "Source", citation: "Citation", cited: bool) -> None:
        """Show a citation's surroundings; without `cited`, no words stand out of its sentence."""
        quote = (citation.quote_start, citation.quote_end) if cited else (citation.end, citation.end)
        cuts = [cut - source.offset for cut in (citation.start, *quote, citation.end)]
        edges = [0, *cuts, len(source.text)]
        self._parts = [source.text[a:b] for a, b in itertools.pairwise(edges)]
        self.refresh(layout=True)

    def clear(self) -> None:
        """Show nothing."""
        self._parts = [""] * 5
        self.refresh(layout=True)

    def render(self) -> Content:
        """The parts, each in its style."""
        sentence = self.get_visual_style("source-text--sentence")
        quote = self.get_visual_style("source-text--quote")
        before, opening, quoted, closing, after = (shown(part) for part in self._parts)
        return Content.assemble(
            before, opening.stylize(sentence), quoted.stylize(quote), closing.stylize(sentence), after
        )

    def line_of_sentence(self) -> int:
        """The line on which the sentence begins, as wrapped now."""
        before, *rest = self._parts
        first_word = "".join(rest).split(maxsplit=1)[:1]
        return len(shown(before + "".join(first_word)).wrap(max(1, self.content_size.width))) - 1


class SourcePane(Vertical):
    """Whatever was chosen last, in its context."""

    def compose(self) -> ComposeResult:
        """A title, a warning, the text."""
        yield Static(id="source-title")
        yield Static(id="source-warning")
        with VerticalScroll(id="source-scroll"):
            yield Static(_("The source of an answer appears here."), id="source-empty", markup=False)
            yield SourceText()

    def on_mount(self) -> None:
        """Begin empty."""
        self.clear()

    def clear(self) -> None:
        """Nothing is chosen."""
        self.set_class(True, "-empty")
        self.query_one("#source-title", Static).update("")
        self._warn("")
        self.query_one(SourceText).clear()

    def show(self, source: "Source", citation: "Citation", role: "Role") -> None:
        """Show a sentence in its context, or say why it cannot be shown."""
        self.set_class(False, "-empty")
        self._title(citation, role)
        self._warn(_warnings().get(source.state, ""))
        if source.state == "unknown":
            self.query_one(SourceText).clear()
            return
        self.query_one(SourceText).show(source, citation, cited=role == "cited")
        self.call_after_refresh(self._scroll_to_sentence)

    def on_resize(self) -> None:
        """Keep the sentence in view when lines wrap elsewhere."""
        self.call_after_refresh(self._scroll_to_sentence)

    def _title(self, citation: "Citation", role: "Role") -> None:
        place = _("{document}, sentence {number}").format(document=citation.document, number=citation.sentence_number)
        title = Content.styled(on_one_line(place).plain, "bold")
        remarks = {"near": _("near, but not an answer"), "doubted": _("cited, but does not support what was written")}
        remark = f" · {remarks[role]}" if role in remarks else ""
        self.query_one("#source-title", Static).update(Content.assemble(title, remark))

    def _warn(self, warning: str) -> None:
        banner = self.query_one("#source-warning", Static)
        banner.update(Content(warning))
        banner.display = bool(warning)

    def _scroll_to_sentence(self) -> None:
        line = self.query_one(SourceText).line_of_sentence()
        self.query_one("#source-scroll").scroll_to(y=max(0, line - _LINES_ABOVE), animate=False)


def _warnings() -> dict[str, str]:
    return {
        "changed": _(
            "The file has changed since it was indexed. This is the text as indexed; Ctrl+R reads the file again."
        ),
        "gone": _("The file is no longer there. This is the text as indexed."),
        "unknown": _("The library no longer holds this text: the document was changed or removed after it was cited."),
    }
