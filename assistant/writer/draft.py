"""Streamed text → the statements in it, each with the ids that it names; pure, for any text whatever.

A grammar makes well-formed text, a server without one may send anything: an id that names no sentence is not kept, so
that its statement names none, and text after the last id is not a statement but one that was cut.
"""

import re
from dataclasses import dataclass, field

from assistant.lexicon import fold
from assistant.writer.grammar import ABSENT

_ID = r"\[ {0,3}[0-9]{1,6}(?: {0,3}[,;] {0,3}[0-9]{1,6}){0,20} {0,3}\]"
_IDS = re.compile(rf"{_ID}(?:[ ,;]{{0,3}}{_ID})*")
# After ids: what may still become one more.
_GOING_ON = re.compile(r"[ ,;]{0,3}(?:\[[ 0-9,;]*)?")
_NUMBER = re.compile(r"[0-9]+")
_WORD = re.compile(r"\w")
# What may stand between two statements or before the first one, as lists and full stops after ids do.
_BETWEEN = " \t\r\n.,;:-–—*•"
_PHRASES = {fold(phrase).rstrip(".") for phrase in ABSENT.values()}


@dataclass(frozen=True, slots=True)
class Drafted:
    """A statement as written: `text` without its ids; `ids` in 1…N, each once, none if it names no sentence."""

    text: str
    ids: tuple[int, ...]


@dataclass(slots=True)
class Draft:
    """What was written so far by a model that was shown `sentences` sentences. Feed it pieces, then `finish` it."""

    sentences: int
    statements: list[Drafted] = field(default_factory=list)
    cut: bool = False
    """Whether a statement was left without its ids at the end, and dropped."""
    _absent: bool = False
    _rest: str = ""

    @property
    def absent(self) -> bool:
        """Whether the model said that the sentences do not say, and nothing else."""
        return self._absent and not self.statements

    def feed(self, piece: str) -> None:
        """Read one more piece."""
        self._rest += piece
        while (found := _IDS.search(self._rest)) and not _GOING_ON.fullmatch(self._rest, found.end()):
            self._take(found)

    def finish(self) -> None:
        """Read what is left at the end of the text."""
        while found := _IDS.search(self._rest):
            self._take(found)
        left, self._rest = self._rest.strip(_BETWEEN), ""
        if _says_absent(left):
            self._absent = True
        elif left:
            self.cut = True

    def _take(self, found: re.Match[str]) -> None:
        text, self._rest = _cleaned(self._rest[: found.start()]), self._rest[found.end() :]
        named = (int(number) for number in _NUMBER.findall(found[0]))
        ids = tuple(dict.fromkeys(number for number in named if 1 <= number <= self.sentences))
        if _says_absent(text):
            self._absent = True
        elif text:
            self.statements.append(Drafted(text, ids))


def read(text: str, sentences: int) -> Draft:
    """The draft of a whole text."""
    draft = Draft(sentences)
    draft.feed(text)
    draft.finish()
    return draft


def _cleaned(text: str) -> str:
    """On one line without what stands between statements; empty if there is no word in it."""
    line = " ".join(text.split()).lstrip(_BETWEEN)
    return line if _WORD.search(line) else ""


def _says_absent(text: str) -> bool:
    return fold(text).rstrip(". ") in _PHRASES
