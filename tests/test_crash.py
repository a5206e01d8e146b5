"""Kill an update at any moment: the library opens as it was before or after it, and the next update goes through."""

import os
import random
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest
from fakes import BagOfWords
from processes import child, outcome

import assistant
from assistant import Library, update
from assistant.errors import LibraryMissing
from assistant.retrieval import retrieve

_PACKAGE = str(Path(assistant.__file__).parent)
LAST_LINES = 80  # where the state changes: the vectors are renamed, the transaction commits, old files are swept

OLD = {
    "a.txt": "Les frappes ont commencé à Alep. Elles ont repris en mai.",
    "b.txt": "Hama est calme. Le marché a rouvert.",
}
NEW = {"b.txt": "Hama a changé. Les frappes y ont commencé.", "c.txt": "Un nouveau texte. Il parle d'Alep."}


class Countdown:
    """A tracer that kills the process when so many lines of `assistant` have begun."""

    def __init__(self, kill_at: int | None) -> None:
        self.lines = 0
        self._kill_at = kill_at

    def __call__(self, frame: FrameType, event: str, _argument: object) -> "Countdown | None":
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def traced_update(folder: Path, texts: Path, kill_at: int | None = None) -> int:
    """Update in this process; the number of lines that it took."""
    countdown = Countdown(kill_at)
    sys.settrace(countdown)
    try:
        update(folder, [texts], BagOfWords())
    finally:
        sys.settrace(None)
    return countdown.lines


def plain_update(folder: Path, texts: Path) -> None:
    update(folder, [texts], BagOfWords())


class Scene:
    """A library of the old texts and a folder of the new ones; each attempt works on a fresh copy of the library."""

    def __init__(self, at: Path, old: dict[str, str]) -> None:
        self.texts, self.before, self.folder = at / "texts", at / "before", at / "library"
        self.old = old
        self._write(old)
        if old:
            plain_update(self.before, self.texts)
        self._write(NEW)
        self.outcomes: Counter[str] = Counter()

    def _write(self, texts: dict[str, str]) -> None:
        shutil.rmtree(self.texts, ignore_errors=True)
        self.texts.mkdir()
        for name, text in texts.items():
            (self.texts / name).write_text(text, encoding="utf-8")

    def reset(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.old:
            shutil.copytree(self.before, self.folder)

    def lines(self) -> int:
        """How many lines an update takes when nobody kills it."""
        self.reset()
        return int(outcome(traced_update, self.folder, self.texts))

    def kill_at_line(self, line: int) -> None:
        self.reset()
        process = child(traced_update, self.folder, self.texts, line)
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        self._check()

    def kill_after(self, seconds: float) -> None:
        self.reset()
        process = child(plain_update, self.folder, self.texts)
        process.start()
        process.join(seconds)
        process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            self._check()

    def _check(self) -> None:
        """The library is in the old state or the new one, and the next update makes it new."""
        state = texts_of(self.folder)
        assert state in (self.old, NEW)
        self.outcomes["new" if state == NEW else "old"] += 1
        plain_update(self.folder, self.texts)
        assert texts_of(self.folder) == NEW
        (vectors,) = self.folder.glob("vectors-*")
        assert {path.name for path in self.folder.iterdir()} == {"library.db", "writing.lock", vectors.name}


def texts_of(folder: Path) -> dict[str, str]:
    """All texts of a library in which every part agrees with the others, and which answers; none if there is none."""
    try:
        library = Library.open(folder, BagOfWords())
    except LibraryMissing:
        return {}
    with library, library.snapshot():
        database = library._database
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        counts = [database.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("postings", "passages")]
        assert [*counts, library._vectors.ntotal] == [len(library)] * 3
        texts = {name: library.text(name) for name in library.documents()}
        for name, text in texts.items():
            assert [text[s.start : s.end] for s in library.sentences(name)] == [s.text for s in library.sentences(name)]
    with Library.open(folder, BagOfWords()) as library:
        assert "frappes" in retrieve(library, "frappes commencé", 1)[0].passage.focused.text
    return texts


@pytest.fixture(params=[OLD, {}], ids=["update", "first build"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return Scene(tmp_path, request.param)


def test_killed_at_random_lines_and_at_each_of_the_last(scene: Scene) -> None:
    total = scene.lines()
    chance = random.Random(2)
    for line in (*chance.sample(range(1, total - LAST_LINES), 12), *range(total - LAST_LINES, total, 4)):
        scene.kill_at_line(line)
    assert scene.outcomes.total() >= 30
    assert min(scene.outcomes["old"], scene.outcomes["new"]) > 0


def test_killed_by_the_clock(scene: Scene) -> None:
    # Inside SQLite and FAISS too, where no line of ours begins. How far an update gets depends on the machine.
    chance = random.Random(3)
    for _ in range(10):
        scene.kill_after(chance.uniform(0.0, 0.15))
    assert scene.outcomes.total() > 0
