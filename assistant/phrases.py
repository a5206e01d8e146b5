"""A piece of a sentence → whether it can be quoted alone: whole words and numbers, brackets and quotation marks in
pairs; and the piece without the punctuation at its edges; pure.
"""

import re
from itertools import takewhile

_PAIRS = ("()", "[]", "«»", "“”")
_OPENING, _CLOSING = "([«“", ")]»”"
# A number keeps its decimals and thousands, a letter the accents that are characters of their own.
_UNCUT = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)+|[\w\u0300-\u036f]+")


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The piece `text[start:end]` without spaces and separators at its edges, or marks there whose pair is outside."""
    while start < end and (text[start].isspace() or text[start] in ",;:" or _unpaired_first(text, start, end)):
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in ",;:" or _unpaired_last(text, start, end)):
        end -= 1
    return start, end


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` says something, cuts no word or number, and holds each mark with its pair."""
    if not any(character.isalnum() for character in text[start:end]) or not _paired(text[start:end]):
        return False
    words = takewhile(lambda word: word.start() < end, _UNCUT.finditer(text))
    return not any(word.start() < edge < word.end() for word in words for edge in (start, end))


def _unpaired_first(text: str, start: int, end: int) -> bool:
    mark = text[start]
    return mark in _CLOSING or (mark in _OPENING + '"' and not _paired(text[start:end]))


def _unpaired_last(text: str, start: int, end: int) -> bool:
    mark = text[end - 1]
    return mark in _OPENING or (mark in _CLOSING + '"' and not _paired(text[start:end]))


def _paired(piece: str) -> bool:
    return piece.count('"') % 2 == 0 and all(_balanced(piece, *pair) for pair in _PAIRS)


def _balanced(piece: str, opening: str, closing: str) -> bool:
    depth = 0
    for character in piece:
        depth += (character == opening) - (character == closing)
        if depth < 0:
            return False
    return depth == 0
