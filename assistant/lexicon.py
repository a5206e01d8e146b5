"""Text → the terms that the lexical index holds: folded, without function words, stemmed.

Stems are Snowball's (https://snowballstem.org) for the text's language; accents and case are folded after stemming,
because the French stemmer relies on them.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any, Literal

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")

_SNOWBALL = {"fr": "french", "en": "english"}
_WORD = re.compile(r"\w+")
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")

_FRENCH_FUNCTION_WORDS = """
a ai aie ait as au aucun aucune aussi autre aux avaient avait avec avez avoir avons c ca ce ceci cela celle celles
celui ces cet cette ceux chez ci combien comme comment d dans de depuis des donc dont du elle elles en entre es est
et etaient etait etant ete etes etre eu eux faire fait fut il ils j je jusqu l la laquelle le lequel les lesquelles
lesquels leur leurs lui m ma mais me meme memes mes moi mon n ne ni nos notre nous on ont ou par pas plus pour
pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se selon sera ses si soit son sont sous sur t ta
te tes toi ton tous tout toute toutes tu un une vers vos votre vous y
"""
_ENGLISH_FUNCTION_WORDS = """
a about after all also am an and any are as at be been being but by can could d did do does during for from had has
have he her hers him his how i if in into is it its ll m many me more most much my no nor not of on or our ours over
own re s shall she should so some such t than that the their theirs them then there these they this those to too
under up ve very was we were what when where which while who whom whose why will with would you your yours
"""
_FUNCTION_WORDS: dict[Language, frozenset[str]] = {
    "fr": frozenset(_FRENCH_FUNCTION_WORDS.split()),
    "en": frozenset(_ENGLISH_FUNCTION_WORDS.split()),
}


def terms(text: str, language: Language) -> list[str]:
    """The stems of `content_words`, in order."""
    return [stem(word, language) for word in content_words(text, language)]


def content_words(text: str, language: Language) -> list[str]:
    """The words of `text` in lower case, in order, repeated as they occur, without function words; these alone are kept
    if there is nothing else.
    """
    return strict_content_words(text, language) or _words(text)


def strict_content_words(text: str, language: Language) -> list[str]:
    """As `content_words`, but none if there are function words alone: "Depuis quand ?" names nothing."""
    return [word for word in _words(text) if not is_function_word(word, language)]


def _words(text: str) -> list[str]:
    # Composed, because a combining accent is no part of a word to `re`.
    composed = unicodedata.normalize("NFC", text).translate(_APOSTROPHES).lower()
    return [word for word in _WORD.findall(composed) if word != "_"]


def is_function_word(word: str, language: Language) -> bool:
    """Whether a word only binds others together."""
    return fold(word) in _FUNCTION_WORDS[language]


def fold(text: str) -> str:
    """Lower case without accents; ligatures opened (œ → oe)."""
    opened = text.lower().replace("œ", "oe").replace("æ", "ae")
    # Lower case once more: some capitals, such as 𝔄, appear only when they are decomposed.
    return "".join(c for c in unicodedata.normalize("NFKD", opened) if not unicodedata.combining(c)).lower()


def language_of(text: str) -> Language:
    """French or English, judged from the text's beginning; French when there is nothing to go by."""
    sample = text[:4000]
    if not any(character.isalpha() for character in sample):
        return "fr"
    return "en" if _identifier().classify(sample)[0] == "en" else "fr"


def language_of_question(question: str) -> Language | None:
    """French or English by its function words, of which questions are full; None where these do not tell.

    `language_of` knows no more of questions, and takes longer to load than an answer takes.
    """
    words = _words(question)
    french, english = (sum(is_function_word(word, language) for word in words) for language in LANGUAGES)
    if french == english:
        return None
    return "fr" if french > english else "en"


@lru_cache(maxsize=1 << 16)
def stem(word: str, language: Language) -> str:
    """What the forms of a word, in lower case, share; folded."""
    return fold(_stemmer(language).stemWord(word))


@lru_cache
def _stemmer(language: Language) -> Any:
    import Stemmer

    return Stemmer.Stemmer(_SNOWBALL[language])


@lru_cache
def _identifier() -> Any:
    import py3langid

    py3langid.set_languages(list(LANGUAGES))
    return py3langid
