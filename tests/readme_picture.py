"""Draws the README's picture: one of the snapshots, from the same stand-ins.

python tests/readme_picture.py
"""

import re
from pathlib import Path

SNAPSHOTS = Path(__file__).parent / "__snapshots__" / "test_tui_snapshots"
SNAPSHOT = SNAPSHOTS / "test_screen[answered_with_source-140x40-assistant-dark].svg"
PICTURE = Path(__file__).parent / "picture.svg"


def picture() -> str:
    """The snapshot with fonts that every machine has instead of fonts from the network."""
    svg = SNAPSHOT.read_text("utf-8")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono")


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
