"""Questions → near misses: about the same text, and not answered by it.

As in SQuAD 2.0 (Rajpurkar et al., arXiv 1806.03822) a name or a number of the question is exchanged for another one,
from the same text where it has one of its kind.
"""

import random
import re
from collections.abc import Sequence

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'-]*"
_EXCHANGED = re.compile(rf"\d+(?:[.,]\d+)*|{_CAPITAL}(?: {_CAPITAL})*")


def exchange_name(question: str, sentences: Sequence[str], elsewhere: str, chance: random.Random) -> str | None:
    """`question` with one name or number exchanged for one of `sentences`, or else of the text `elsewhere`; None if it
    holds none that `sentences` hold too, or there is none to take.
    """
    here = " ".join(sentences)
    known = _names(here)
    places = [found for found in _EXCHANGED.finditer(question) if found.start() and found.group() in known]
    if not places:
        return None
    place = chance.choice(places)
    number = place.group()[0].isdigit()
    for text in (here, elsewhere):
        others = [name for name in sorted(_names(text)) if name[0].isdigit() == number and name not in question]
        if others:
            return question[: place.start()] + chance.choice(others) + question[place.end() :]
    return None


def _names(text: str) -> set[str]:
    """Numbers, and words with a capital in the middle of a sentence."""
    return {
        found.group()
        for found in _EXCHANGED.finditer(text)
        if found.group()[0].isdigit() or text[: found.start()].rstrip(" «\"'(")[-1:] not in ("", ".", "!", "?", ":")
    }
