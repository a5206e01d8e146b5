"""Answer text → the form in which two answers are compared.

The English form is the official SQuAD v2.0 script's `normalize_answer`. The French one takes the same steps with the
articles and elisions of French, and with the punctuation of MLQA's script (mlqa_evaluation_v1.py): all of Unicode's.
"""

import re
import string
import unicodedata
from collections.abc import Callable

Normaliser = Callable[[str], str]

_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ENGLISH_ARTICLES = re.compile(r"\b(a|an|the)\b")
_FRENCH_ELISIONS = re.compile(r"\b[ld]'")
_FRENCH_ARTICLES = re.compile(r"\b(le|la|les|un|une|des|du|de|au|aux)\b")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "´": "'"})
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


def normalise_english(text: str) -> str:
    """Lower case, no ASCII punctuation, no a/an/the, single spaces. Source: SQuAD v2.0, evaluate-v2.0.py."""
    bare = text.lower().translate(_ASCII_PUNCTUATION)
    return _single_spaced(_ENGLISH_ARTICLES.sub(" ", bare))


def normalise_french(text: str) -> str:
    """Lower case, no l'/d', no punctuation of any script (« » … — included), no French articles, single spaces.

    ’ counts as ' and a no-break space as a space; accents are kept, as composed characters (NFC), so that é typed in
    two ways is one é. Articles: le la les un une des du de au aux. Punctuation is deleted, not turned into a space, as
    in the English form.
    """
    plain = unicodedata.normalize("NFC", text).lower().translate(_APOSTROPHES)
    bare = "".join(c for c in _FRENCH_ELISIONS.sub(" ", plain) if not _is_punctuation(c))
    # "Une" may be how many: an answer of nothing but articles is kept.
    return _single_spaced(_FRENCH_ARTICLES.sub(" ", bare)) or _single_spaced(bare)


def normalise_french_folded(text: str) -> str:
    """`normalise_french` without accents and ligatures: Évêque, évêque and eveque are one; so are œuvre and oeuvre."""
    apart = unicodedata.normalize("NFKD", normalise_french(text).translate(_LIGATURES))
    return _single_spaced("".join(c for c in apart if not unicodedata.combining(c)))


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


def _single_spaced(text: str) -> str:
    return " ".join(text.split())
