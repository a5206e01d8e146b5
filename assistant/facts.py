"""Text → the numbers, dates and names in it, and which of them other texts do not hold; pure.

Months and days are compared by their place in the year or week, names without accents and endings ("Syria" is in "la
Syrie"), with the names of countries and peoples that French and English spell too differently for that.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.lexicon import fold
from assistant.numerals import numbers

Kind = Literal["number", "date", "name"]


@dataclass(frozen=True, slots=True)
class Fact:
    """What may not change from a source to what is said of it: `said` as it stands in the text, `value` to compare."""

    kind: Kind
    said: str
    value: str


_MONTHS = (
    "janvier January, février February, mars March, avril April, mai May, juin June, juillet July, août August, "
    "septembre September, octobre October, novembre November, décembre December"
)
_DAYS = (
    "lundi Monday, mardi Tuesday, mercredi Wednesday, jeudi Thursday, vendredi Friday, samedi Saturday, dimanche Sunday"
)
_DATES = {
    # English ones have their capital: "may" is a verb.
    word if word[0].isupper() else fold(word): f"{unit} {place}"
    for unit, list_ in (("month", _MONTHS), ("day", _DAYS))
    for place, pair in enumerate(list_.split(", "), 1)
    for word in pair.split()
}
_FIGURE_DATE = re.compile(r"\b(?:(\d{1,2})[/.](\d{1,2})[/.]\d{2,4}|\d{4}-(\d{1,2})-\d{1,2})\b")

_WORD = re.compile(r"[^\W_]+")
_BEGINS = re.compile(r"(?:^|[.!?…:;«“\"(–—])[\s\u00a0]*$")
_LONG_ENOUGH = 4
_VOWELS = re.compile(r"[aeiouy]")
_ENDING = re.compile(r"(?:iennes?|iens?|ians?|ans?|aises?|ais|ish|ese|ie|ia|es|s|e|a|o)$")
_SPELT_OTHERWISE = tuple(
    frozenset(names.split())
    for names in (
        "etats unis united states usa us americain americains americaine americaines american americans amerique",
        "royaume uni united kingdom uk britain british britannique britanniques bretagne great grande gb",
        "angleterre england english anglais anglaise anglaises",
        "france french francais francaise francaises",
        "allemagne germany german germans allemand allemande allemands allemandes",
        "espagne spain spanish espagnol espagnole espagnols",
        "grece greece greek greeks grec grecque grecs",
        "turquie turkey turkish turks turc turque turcs",
        "pologne poland polish polonais polonaise",
        "suisse switzerland swiss",
        "suede sweden swedish suedois",
        "norvege norway norwegian norvegien",
        "pays bas netherlands dutch holland hollande neerlandais",
        "belgique belgium belgian belge belges",
        "chine china chinese chinois chinoise",
        "japon japan japanese japonais",
        "inde india indian indien",
        "egypte egypt egyptian egyptien",
        "liban lebanon lebanese libanais",
        "maroc morocco moroccan marocain",
        "algerie algeria algerian algerien",
        "arabie saoudite saudi arabia",
        "jordanie jordan",
        "irak iraq iraqi",
        "londres london",
        "bruxelles brussels",
        "geneve geneva",
        "rome roma",
        "venise venice",
        "moscou moscow",
        "vienne vienna",
        "athenes athens",
        "pekin beijing",
        "le caire cairo",
        "lisbonne lisbon",
        "alep aleppo",
        "onu un uno nations unies united",
        "otan nato",
        "ue eu union europeenne european",
        "oms who",
        "ei is isis isil daech daesh etat islamique islamic state",
        "mer sea",
        "ocean",
        "mont mount",
        "lac lake",
        "europe europeen europeens european",
    )
)


def missing(text: str, sources: Sequence[str]) -> Iterator[Fact]:
    """The facts of `text` that none of the `sources` holds."""
    joined = "\n".join(sources)
    given = {(fact.kind, fact.value) for fact in (*_numbers(joined), *_dates(joined))}
    yield from (fact for fact in (*_numbers(text), *_dates(text)) if (fact.kind, fact.value) not in given)
    words = folded_words(joined)
    yield from (name for name in _names(text) if not is_among(name.value, words))


def folded_words(text: str) -> frozenset[str]:
    """The words of a text without case and accents."""
    return frozenset(fold(word) for word in _WORD.findall(text))


def is_among(word: str, words: Collection[str]) -> bool:
    """Whether `words` hold a folded word, with another ending or in the other language."""
    if word in words:
        return True
    group: frozenset[str] = frozenset().union(*(names for names in _SPELT_OTHERWISE if word in names))
    return not group.isdisjoint(words) or any(_alike(word, other) for other in words)


def _numbers(text: str) -> Iterator[Fact]:
    for number in numbers(text):
        yield Fact("number", text[number.start : number.end], number.value)


def _dates(text: str) -> Iterator[Fact]:
    for word in _WORD.findall(text):
        value = _DATES.get(word) or _DATES.get(fold(word) if fold(word) not in ("may", "march") else "")
        if value:
            yield Fact("date", word, value)
    for match in _FIGURE_DATE.finditer(text):
        # 3/10 is in March or in October, as the writer's country has it.
        yield from (Fact("date", match[0], f"month {int(part)}") for part in match.groups() if part and int(part) <= 12)


def _names(text: str) -> Iterator[Fact]:
    for match in _WORD.finditer(text):
        word = match[0]
        folded = fold(word)
        if len(word) < 2 or not word[0].isupper() or word in _DATES or folded in _DATES or word[0].isdecimal():
            continue
        # The first word of a sentence has its capital from there, unless it is an acronym.
        if (len(word) > 1 and word.isupper()) or not _BEGINS.search(text, 0, match.start()):
            yield Fact("name", word, folded)


def _alike(word: str, other: str) -> bool:
    """Whether two words share all but an ending ("Syria", "Syrie"), or all consonants ("Putin", "Poutine")."""
    shorter = min(len(word), len(other))
    if shorter < _LONG_ENOUGH:
        return False
    if _without_ending(word) == _without_ending(other) or shorter == _common(word, other):
        return True
    skeleton = _VOWELS.sub("", word)
    return len(skeleton) >= 3 and word[0] == other[0] and shorter > _LONG_ENOUGH and skeleton == _VOWELS.sub("", other)


def _without_ending(word: str) -> str:
    return _ENDING.sub("", word)


def _common(word: str, other: str) -> int:
    """The number of letters that two words begin with alike."""
    shorter = min(len(word), len(other))
    return next((i for i in range(shorter) if word[i] != other[i]), shorter)
