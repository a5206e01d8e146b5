"""The two themes of our own; Textual's are on offer beside them.

Blue marks what can be chosen, amber what is cited: a pair that the common forms of colour blindness keep apart. Neither
says anything by colour alone.
"""

from textual.theme import Theme

DARK = Theme(
    name="assistant-dark",
    dark=True,
    primary="#8ab4f8",
    secondary="#a9b4c4",
    accent="#8ab4f8",
    warning="#f0b45a",
    error="#f28b82",
    success="#8fcf9f",
    foreground="#e4e6ea",
    background="#15181d",
    surface="#1b1f26",
    panel="#232831",
    variables={
        "quiet": "#9aa3b0",
        "line": "#323945",
        "sentence": "#f6e3b4",
        "sentence-background": "#3a3018",
        "quote": "#1a1405",
        "quote-background": "#f2c14e",
        "footer-background": "#15181d",
        "footer-key-foreground": "#8ab4f8",
        "footer-description-foreground": "#9aa3b0",
        "input-selection-background": "#8ab4f8 35%",
        "block-cursor-background": "#8ab4f8",
        "block-cursor-foreground": "#15181d",
    },
)

LIGHT = Theme(
    name="assistant-light",
    dark=False,
    primary="#1a5fb4",
    secondary="#4a5565",
    accent="#1a5fb4",
    warning="#8a5a00",
    error="#b3261e",
    success="#1f6f3a",
    foreground="#22262e",
    background="#fbfaf8",
    surface="#f3f1ec",
    panel="#e9e6df",
    variables={
        "quiet": "#5c6573",
        "line": "#d5d0c6",
        "sentence": "#2b2204",
        "sentence-background": "#fdefc3",
        "quote": "#1f1800",
        "quote-background": "#f5c542",
        "footer-background": "#fbfaf8",
        "footer-key-foreground": "#1a5fb4",
        "footer-description-foreground": "#5c6573",
        "input-selection-background": "#1a5fb4 25%",
        "block-cursor-background": "#1a5fb4",
        "block-cursor-foreground": "#fbfaf8",
    },
)

FALLBACKS = {
    "quiet": "$text-muted",
    "line": "$panel",
    "sentence": "$text-warning",
    "sentence-background": "$warning-muted",
    "quote": "$background",
    "quote-background": "$warning",
}
"""What the names of our own mean in a theme of Textual's."""
