"""Document text → Sentences: spans of code points that leave out nothing but white space.

A rule engine of two independent passes, each of which yields cuts. Lines: the ends of paragraphs, Markdown headings,
list items and table rows. Stops: each run of ``. ! ? …`` is a candidate, judged by the word before it and by what
follows. A judgement reads a bounded stretch of text, so that time grows linearly with the text, whatever the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SEGMENTER_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence's place: ``number`` counts from 1; ``start`` and ``end`` (exclusive) are code points of the text."""

    number: int
    start: int
    end: int


def split_sentences(text: str, language: str = "fr") -> list[Sentence]:
    """Split any Unicode text into its sentences, in order.

    Spans are never empty, never overlap, neither begin nor end with white space, and leave out nothing but white space.
    ``language`` is an ISO 639-1 code, "fr" or "en"; any other gets the words of both.
    """
    rules = _RULES.get(language[:2].lower(), _ANY_LANGUAGE)
    cuts = sorted({0, *_line_cuts(text), *_stop_cuts(text, rules), len(text)})
    spans = [_strip(text, start, end) for start, end in pairwise(cuts)]
    return [Sentence(number, *span) for number, span in enumerate((s for s in spans if s[0] < s[1]), start=1)]


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


# --- words -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rules:
    """Closed word classes of a language. Abbreviations stand without their last full stop; "fig" matches "Fig" too."""

    never: frozenset[str]  # what follows always belongs to them: M. Dupont, cf. Paris
    numbered: frozenset[str]  # abbreviations only where a number follows: art. 5, but "l'art. Le peintre"
    maybe: frozenset[str]  # they end a sentence only where a starter follows: Inc. The
    starters: frozenset[str]  # function words that, capitalised, show that a sentence begins
    subjects: frozenset[str]  # those that show it even in lower case


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBERED = "ann art ch chap col fig l n no nos nr p pl pp sect t tab vol"

_FR_SUBJECTS = "c' ce ces cet cette elle elles il ils j' je l' la le les nous on un une à"
_FRENCH = _Rules(
    never=_words(
        "Dr Drs Me Mes Mgr Mlle Mlles MM M Mme Mmes Mr Mrs Pr Prof Ste Sté St apr av bd boul c.-à-d c-à-d cf ex gal gén"
        " p.ex v vs"
    ),
    numbered=_words(_NUMBERED + " avr déc env févr fév janv juil max min nov oct réf sept tél"),
    maybe=_words("Cie Co Corp Ets Inc Jr Ltd Sr adj al cie coll dir doc dép ed hab trad univ éd"),
    starters=_words(
        _FR_SUBJECTS + " a afin ainsi alors après au aucun aucune aujourd' aussi autre aux avant avec bien car cela"
        " cependant certaines certains ceux chaque comme comment d' dans de depuis des donc du dès en enfin"
        " ensuite entre et leur leurs lors lorsque lui ma mais malgré mes moi mon même n' ne ni nos notre or"
        " où ou par parce parmi pas pendant plus plusieurs pour pourquoi pourtant près puis qu' quand que"
        " quel quelle quelles quels qui quoi s' sa sans se selon ses seul si soit son sous suite sur ta tes"
        " ton tous tout toute toutefois toutes trop tu voici voilà vos votre vous y ça"
    ),
    subjects=_words(_FR_SUBJECTS),
)

_EN_SUBJECTS = "he i it she the there these they this those we"
_ENGLISH = _Rules(
    never=_words(
        "Adm Brig Capt Cmdr Dr Drs Fr Gen Gov Hon Lt Maj Messrs Mr Mrs Ms Mt Mx Pres Prof Rep Rev Sen Sgt Sgts"
        " ca cf e.g i.e v viz vs"
    ),
    numbered=_words(_NUMBERED + " apr approx aug dec feb jan jul jun mar nov oct para sec sep sept"),
    maybe=_words("Ave Blvd Bros Co Col Corp Inc Jr Ltd Rd Sr St al dept ed eds esp ex"),
    starters=_words(
        _EN_SUBJECTS + " a about according after all also although an and another any are as at because before but by"
        " can did do each even every few first for from had has have her here his how however if in instead is its just"
        " last later like many meanwhile more most my no not now of on once one only or other our over perhaps several"
        " since so some soon still such than that their then though through thus to today too under until was were what"
        " when where whether which while who whose why will with without would yes yet you your"
    ),
    subjects=_words(_EN_SUBJECTS),
)

_RULES = {"fr": _FRENCH, "en": _ENGLISH}
_ANY_LANGUAGE = _Rules(
    _FRENCH.never | _ENGLISH.never,
    _FRENCH.numbered | _ENGLISH.numbered,
    _FRENCH.maybe | _ENGLISH.maybe,
    _FRENCH.starters | _ENGLISH.starters,
    _FRENCH.subjects | _ENGLISH.subjects,
)
_LONGEST_ABBREVIATION = max(map(len, _ANY_LANGUAGE.never | _ANY_LANGUAGE.numbered | _ANY_LANGUAGE.maybe))

# --- lines -----------------------------------------------------------------------------------------------------------

_BLOCK_START = re.compile(
    r"""[ \t]*+(?: $ | \#{1,6}[ \t] | [-*+][ \t] | [•▪‣◦●■►] | \d{1,2}[.)][ \t] | [a-z]\)[ \t] | \| | ```|~~~
                 | [–—][ \t]?+(?![a-zà-ÿœ]) )""",
    re.VERBOSE,
)
_LINE_BLOCK = re.compile(r"[ ]{0,3}(?:\#{1,6}[ \t]|\||```|~~~|(?:[-=*_][ \t]*+){3,}$)")
_FULL_LINE = 60  # code points: prose is wrapped at no less, so that a much shorter line before it was ended on purpose


def _line_cuts(text: str) -> Iterator[int]:
    """Places where a line ends a block: a paragraph, a heading, a list item, a table row."""
    flat = text.replace("\r\n", " \n")
    for separator in "\r\x85\u2028\u2029":
        flat = flat.replace(separator, "\n")
    end = -1
    for line, following in pairwise(flat.split("\n")):
        end += len(line) + 1
        if _BLOCK_START.match(following) or _LINE_BLOCK.match(line) or _is_heading(line, following):
            yield end


def _is_heading(line: str, following: str) -> bool:
    if len(following) < max(_FULL_LINE, 2 * len(line)):
        return False
    return not following[0].islower() and line[-1:] not in {",", ";", "-"}


# --- stops -----------------------------------------------------------------------------------------------------------

_STOP = re.compile(
    r"""
    (?P<run>[.!?…;:。！？｡؟۔।]++)
    (?: (?=[a-z0-9,/])                                  # 3.5, example.com: no stop, and no other group
      | (?P<closers>(?:[ \u00a0\u202f\u2009]?+[»”]|["'’)\]*_]|\[\d{1,3}\])*+)
        (?P<gap>\s*+)
        (?P<openers>(?:[«“„‹"'‘’(\[*_¿¡–—-]\s?+)*+)
        (?=(?P<head>\S?)) )
    """,
    re.VERBOSE,
)
_OPENING = frozenset({"", "(", "[", "«", "“"})
_CONTINUING = frozenset(",;:.!?…)]}»”/%")
_WORD = re.compile(r"[^\W\d_]+['’]?")
_MARKS_BEFORE = re.compile(r"['’(\[«“\"*_]")
_ACRONYM = re.compile(r"(?:[^\W\d_][.-]{1,2})*[^\W\d_]")
_ENUMERATOR = re.compile(r"\d{1,3}|[^\W\d_]|[IVX]+")
_NUMERAL = re.compile(r"\d|[IVXLC]+\b(?!['’])|[A-Z]\.?\s?\d")
_ERA = re.compile(r"(?:av\.|apr\.|avant|après)\s+J\.-?\s?C$")
_NO_PROSE = re.compile(r"[@/\\=_]|\w\.[a-z]")
_WORD_BEFORE, _TOKEN = 24, 80  # code points read before a stop, and around one without a space


def _stop_cuts(text: str, rules: _Rules) -> Iterator[int]:
    """Places after a run of stops, and the closing marks that follow it, where a sentence ends."""
    spaced = _SpacedQuotes(text)
    for stop in _STOP.finditer(text):
        if _ends_sentence(text, stop, rules):
            closes = stop["openers"][:2] == '" ' and spaced.is_open_at(stop.end("closers"))
            yield stop.start("openers") + 1 if closes else stop.end("closers")


class _SpacedQuotes:
    """Tells whether a `"` with spaces on both sides closes a quotation: by the number before it in its paragraph."""

    def __init__(self, text: str) -> None:
        self._text, self._counted, self._open = text, 0, False

    def is_open_at(self, place: int) -> bool:
        """Places must be asked about in order: each stretch of the text is counted once."""
        paragraph = self._text.rfind("\n\n", self._counted, place)
        if paragraph >= 0:
            self._counted, self._open = paragraph, False
        self._open ^= self._text.count('"', self._counted, place) % 2 == 1
        self._counted = place
        return self._open


def _ends_sentence(text: str, stop: re.Match[str], rules: _Rules) -> bool:
    run, _, gap, openers, head = stop.groups()
    before = text[max(0, stop.start() - 2) : stop.start()]
    if not head or (before[:1] if before[-1:].isspace() else before[-1:]) in _OPENING:
        return False
    if run[-1] in ";:":
        return _ends_list_item(text, stop, rules)
    if not gap:
        return run[-1] in "。！？｡" or _is_glued(text, stop, rules)
    if run == "." and _is_abbreviation(text, stop, rules):
        return False
    if head in _CONTINUING:
        return bool(openers) and head in ".…"
    return not head.islower() or _begins_in_lower_case(text, stop, rules)


def _ends_list_item(text: str, stop: re.Match[str], rules: _Rules) -> bool:
    """A list set as running text: "… suivants : - le premier ; - le second ; Le troisième"."""
    run, _, gap, openers, _ = stop.groups()
    if not gap:
        return False
    return openers in {"- ", "– "} or (run == ";" and not openers and _begins_with_starter(text, stop.end(), rules))


def _begins_in_lower_case(text: str, stop: re.Match[str], rules: _Rules) -> bool:
    """Lower case mostly goes on: an abbreviation not listed, « Quoi ? » dit-il, "en Syrie. a déclaré le ministre"."""
    run, closers, _, openers, _ = stop.groups()
    if openers:
        return run == "." and openers[0] in "-–("
    word = _word_at(text, stop.end())
    if closers or word not in rules.subjects:
        return False
    if run in {"?", "!"}:
        return word == "à"  # French keyboards have no À, so that many sentences begin so
    before = text[max(0, stop.start() - 4) : stop.start()]
    return run == "." and (before.isalpha() or not before[-1].isalnum())


def _is_glued(text: str, stop: re.Match[str], rules: _Rules) -> bool:
    """No space after the stop: "islamistes.Les frappes", but not M.Dupont, U.S.A., A.Martin@ville.fr."""
    start, end = stop.start(), stop.end()
    after_capital = text[end + 1 : end + 2]
    if not stop["head"].isupper() or not (after_capital.islower() or after_capital in {" ", "'", "’"}):
        return False
    around = text[max(0, start - _TOKEN) : start].split()[-1:] + text[end : end + _TOKEN].split(None, 1)[:1]
    if any(map(_NO_PROSE.search, around)):
        return False
    if stop["closers"]:
        return True
    if text[start - 1].isspace():  # "Qui ?Lui" and "TOW .Selon", but not .Net
        return stop["run"][-1] in "?!" or (stop["run"] == "." and _word_at(text, end) in rules.starters)
    before = text[max(0, start - 2) : start]
    return before[-1] in '%€$°)]»”"' or (before.isalnum() and not _is_abbreviation(text, stop, rules))


def _is_abbreviation(text: str, stop: re.Match[str], rules: _Rules) -> bool:
    """Whether the full stop belongs to the word before it only, and ends no sentence."""
    before = text[max(0, stop.start() - _WORD_BEFORE) : stop.start()]
    if len(before) > _LONGEST_ABBREVIATION and before[-_LONGEST_ABBREVIATION - 1 :].isalpha():
        return False  # the common case, made quick
    if not before[-1].isalnum():
        return False
    *earlier, word = _MARKS_BEFORE.sub(" ", before).split()
    forms = {word, word[:1].lower() + word[1:]}
    if forms & rules.never or (forms & rules.numbered and _NUMERAL.match(text, stop.end())):
        return True
    if word.isdecimal() and len(word) <= 2 and stop["head"].isdecimal():
        return True
    refers = bool(earlier) and earlier[-1].rstrip(".").lower() in rules.numbered
    if not refers and _ENUMERATOR.fullmatch(word) and _begins_block(text, stop.start() - len(word)):
        return True
    if forms & rules.maybe or (word.isupper() and _ACRONYM.fullmatch(word)):
        is_unit = len(word) == 1 and bool(earlier) and earlier[-1][-1].isdecimal()
        return not (is_unit or _ERA.search(before) or _begins_with_starter(text, stop.end(), rules))
    return False


def _begins_block(text: str, start: int) -> bool:
    """Whether nothing but marks stands between here and a stop, the line's beginning or the text's."""
    before = text[max(0, start - _WORD_BEFORE) : start].rstrip(" \t\u00a0\u202f#*>|-–")
    return not before or before[-1] in ".!?;…\n\r"


def _word_at(text: str, start: int) -> str:
    """The word that begins here, as the lists have it: lower case, an elided one with its apostrophe; or ""."""
    word = _WORD.match(text, start)
    return word[0].lower().replace("’", "'") if word else ""


def _begins_with_starter(text: str, start: int, rules: _Rules) -> bool:
    """Whether a capitalised function word begins here that is no part of a name, as in "J. Le Goff"."""
    word = _WORD.match(text, start)
    if not word or not word[0][0].isupper() or _word_at(text, start) not in rules.starters:
        return False
    return not text[word.end() : word.end() + 2].lstrip()[:1].isupper()
