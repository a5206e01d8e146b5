"""Text → the numbers in it, in figures or in French or English words, by value; pure.

"5 000", "5,000", "cinq mille", "5 thousand" are the same number; so are "XIXe" and "19th". "un" and "one" alone are
left out, being articles and pronouns as often.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from assistant.lexicon import fold


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: `text[start:end]` says it; `value` is the same for the same number however written."""

    start: int
    end: int
    value: str


_FIGURES = r"(?<!\d)\d{1,3}(?:[ \u00a0\u202f.,'’]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?"
_TOKEN = re.compile(rf"(?P<figures>{_FIGURES})|(?P<word>[^\W\d_]+)")
_GROUPS = re.compile(r"[ \u00a0\u202f.,'’](?=\d{3}(?!\d))")
# Of the letters of Roman numbers, L and C would make one of "Le" and "Ce".
_CENTURY = re.compile(r"\b([IVX]{1,6})(?:e|è|ème|er|th|st|nd|rd)\b")
_PERCENT = re.compile(r"\b(?:pour|per)[ -]?cents?\b", re.IGNORECASE)
_GAP = re.compile(r"[ \u00a0\u202f-]{1,2}")

_WORDS = (
    "deux two:2 trois three:3 quatre four:4 cinq five:5 six:6 sept seven:7 huit eight:8 neuf nine:9 dix ten:10 "
    "onze eleven:11 douze twelve:12 treize thirteen:13 quatorze fourteen:14 quinze fifteen:15 seize sixteen:16 "
    "seventeen:17 eighteen:18 nineteen:19 vingt vingts twenty:20 trente thirty:30 quarante forty:40 "
    "cinquante fifty:50 soixante sixty:60 septante seventy:70 huitante octante eighty:80 nonante ninety:90"
)
_UNITS = {word: int(value) for group, value in re.findall(r"([a-z ]+):(\d+)", _WORDS) for word in group.split()}
_ONES = {"un", "une", "one"}
_HUNDREDS = {"cent", "cents", "hundred", "hundreds"}
_SCALES = {
    **dict.fromkeys(("mille", "thousand", "thousands"), 10**3),
    **dict.fromkeys(("million", "millions"), 10**6),
    **dict.fromkeys(("milliard", "milliards", "billion", "billions"), 10**9),
}
_LINKS = {"et", "and"}
_ROMAN = {"I": 1, "V": 5, "X": 10}


def numbers(text: str) -> list[Number]:
    """The numbers of `text`, in order."""
    # Of the same length, so that places stay true.
    text = _PERCENT.sub(lambda match: "%" * len(match[0]), text)
    found = [Number(m.start(), m.end(), str(_roman(m[1]))) for m in _CENTURY.finditer(text)]
    found += _Reader(text).read()
    return sorted(found, key=lambda number: number.start)


class _Reader:
    """Adds up number words as they come: a word that cannot go on begins a new number."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: list[Number] = []
        self._reset()

    def _reset(self) -> None:
        self._start, self._end = -1, -1
        self._total = self._current = Decimal(0)
        self._in_figures = False
        self._last = ""

    def read(self) -> list[Number]:
        linked = False
        for match in _TOKEN.finditer(self._text):
            word = "" if match["figures"] else fold(match[0])
            if self._start >= 0 and not linked and word in _LINKS:
                linked = True
                continue
            self._take(match, word)
            linked = False
        self._close()
        return self._found

    def _take(self, match: re.Match[str], word: str) -> None:
        gap = self._text[self._end : match.start()] if self._start >= 0 else ""
        joined = self._start >= 0 and fold(gap).strip(" \u00a0\u202f-") in ("", *_LINKS) and len(gap) <= 5
        if match["figures"]:
            self._close()
            self._add(match, _value(match[0]))
            self._in_figures = True
        elif joined and self._goes_on(word):
            self._grow(match, word)
        else:
            self._close()
            if word in _UNITS:
                self._add(match, Decimal(_UNITS[word]))
                self._last = word
            elif word in _HUNDREDS or word in _SCALES:
                self._start = match.start()
                self._grow(match, word)

    def _goes_on(self, word: str) -> bool:
        if word in _SCALES:
            return True
        if self._in_figures:
            return False
        if word in _HUNDREDS:
            return self._current < 100
        if word in _ONES:
            return self._current % 10 == 0 and (self._current + self._total) > 0
        if word not in _UNITS:
            return False
        unit = _UNITS[word]
        if unit == 20 and self._last == "quatre":
            return True
        return self._current % (10 if unit < 10 else 20 if unit < 20 else 100) == 0

    def _grow(self, match: re.Match[str], word: str) -> None:
        if word in _SCALES:
            self._total += max(self._current, Decimal(1)) * _SCALES[word]
            self._current = Decimal(0)
        elif word in _HUNDREDS:
            self._current = max(self._current, Decimal(1)) * 100
        elif _UNITS.get(word) == 20 and self._last == "quatre":
            self._current += 76
        else:
            self._current += _UNITS.get(word, 1)
        self._end, self._last = match.end(), word

    def _add(self, match: re.Match[str], value: Decimal) -> None:
        self._start, self._end, self._current = match.start(), match.end(), value

    def _close(self) -> None:
        if self._start >= 0:
            self._found.append(Number(self._start, self._end, _plain(self._total + self._current)))
        self._reset()


def _value(figures: str) -> Decimal:
    # "0,125" is no thousand.
    grouped = figures if figures.startswith("0") else _GROUPS.sub("", figures)
    return Decimal(_ascii(grouped).replace(",", "."))


def _ascii(figures: str) -> str:
    return "".join(str(int(c)) if c.isdecimal() else c for c in figures)


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _roman(letters: str) -> int:
    values = [_ROMAN[letter] for letter in letters]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
