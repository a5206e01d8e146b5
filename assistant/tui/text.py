"""Text from outside (documents, questions, paths) → text that is safe and true on a screen."""

from textual.content import Content

# Control characters could move the cursor or rewrite the screen; direction overrides could show other words than the
# document has. Line feed and tab stay.
_HARMFUL = [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SHOWN = dict.fromkeys(_HARMFUL, "�") | {0x0D: ""}


def shown(text: str) -> Content:
    """`text` as content without markup; harmful characters are replaced, carriage returns dropped."""
    return Content(text.translate(_SHOWN))


def on_one_line(text: str) -> Content:
    """The same, with all white space as single spaces."""
    return shown(" ".join(text.split()))
