"""Preloaded by the fork server of tests/processes.py: one update, so that whatever is loaded lazily is loaded."""

import tempfile
from pathlib import Path

from fakes import BagOfWords

from assistant.documents import Document
from assistant.indexing import build

with tempfile.TemporaryDirectory() as _name:
    build(Path(_name), [Document.from_text("a", "Une phrase."), Document.from_text("b", "One sentence.")], BagOfWords())
