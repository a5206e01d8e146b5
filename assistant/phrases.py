"""A piece of a sentence → whether it can be quoted alone: whole words and numbers, brackets and quotation marks in
pairs; and the piece without the punctuation at its edges; pure.
"""

import re
from itertools import takewhile

_PAIRS = ("()", "[]", "«»", "“”")
_OPENING, _CLOSING = "([«“", ")]»”"
# A number keeps its decimals and its thousands, a letter the accents that are characters of their own.
_THOUSANDS = r"(?<![\w.,])\d{1,3}(?: \d{3})+(?:[.,]\d+)?(?!\d)"
_UNCUT = re.compile(rf"{_THOUSANDS}|\d+(?:[.,\u00a0\u202f]\d+)+|[\w\u0300-\u036f]+")


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The piece `text[start:end]` without spaces and separators at its edges, or marks there whose pair is outside."""
    while start < end and _hangs(text[start], text[start:end], _CLOSING, _OPENING):
        start += 1
    while start < end and _hangs(text[end - 1], text[start:end], _OPENING, _CLOSING):
        end -= 1
    return start, end


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` says something, cuts no word or number, and holds each mark with its pair."""
    if not any(character.isalnum() for character in text[start:end]) or not _paired(text[start:end]):
        return False
    words = takewhile(lambda word: word.start() < end, _UNCUT.finditer(text))
    return not any(word.start() < edge < word.end() for word in words for edge in (start, end))


def _hangs(edge: str, piece: str, outwards: str, inwards: str) -> bool:
    """Whether `edge`, the first or last character of `piece`, belongs to what is outside: the pairs of the marks
    `outwards` can only be there, those of `inwards` may be in the piece.
    """
    return edge.isspace() or edge in ",;:" + outwards or (edge in inwards + '"' and not _paired(piece))


def _paired(piece: str) -> bool:
    return piece.count('"') % 2 == 0 and all(_balanced(piece, *pair) for pair in _PAIRS)


def _balanced(piece: str, opening: str, closing: str) -> bool:
    depth = 0
    for character in piece:
        depth += (character == opening) - (character == closing)
        if depth < 0:
            return False
    return depth == 0
