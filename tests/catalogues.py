"""Keeps the catalogues of messages: source texts → assistant.po → assistant.mo.

    python tests/catalogues.py      after a text on the screen was changed or added; then fill in what is empty

The compiled catalogues are tracked, so that building and installing need no tool; tests/test_messages.py tells when one
is out of date.
"""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parent.parent / "assistant"
KEYWORDS = {"_": None, "counted": (1, 2)}


def source_messages() -> Catalog:
    """All messages in the source."""
    catalog = Catalog(project="assistant")
    for _file, _line, message, _comments, _context in extract_from_dir(PACKAGE, keywords=KEYWORDS):
        catalog.add(message)
    return catalog


def catalogue(language: str) -> Path:
    """Where a language's messages are."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "assistant.po"


def load(language: str) -> Catalog:
    """A language's messages as written by people."""
    with catalogue(language).open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """The bytes of the .mo file."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main() -> None:
    """Bring the French catalogue up to date with the source, and compile it."""
    catalog = load("fr")
    catalog.update(source_messages(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    with catalogue("fr").open("wb") as file:
        write_po(file, catalog, omit_header=False, width=120, sort_output=True)
    catalogue("fr").with_suffix(".mo").write_bytes(compiled(catalog))


if __name__ == "__main__":
    main()
