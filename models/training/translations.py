"""Translation pairs → `models/translations/terms.tsv`: for each term of one language, the likeliest one of the other.

Terms are what the lexical index holds (`assistant/lexicon.py`). IBM model 1 in both directions (`bilingual.py`): each
term and its translation should be likely translations of one another (symmetrised alignment; Och and Ney, 2003).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.lexicon import Language, terms
from models.training.bilingual import learn
from models.training.data import read_pairs
from models.training.settings import Places

Translations = dict[str, list[tuple[str, float]]]
_UNLIKELY = 0.05
"""Taken for probabilities that `learn` does not give, being under 0.1."""


@dataclass(frozen=True)
class TranslationsSettings:
    """`sentences`: that a term stands in, at least. `longest`: terms of a sentence. `least`: product of a pair's two
    probabilities."""

    sentences: int = 3
    longest: int = 40
    least: float = 0.02


def write_translations(places: Places, settings: TranslationsSettings) -> Path:
    """Learn and write them; the card (README.md) is kept as it is."""
    pairs = read_pairs(places.data / "parallel/train.tsv.gz")
    english = _known([terms(pair.english, "en") for pair in pairs], settings.sentences)
    french = _known([terms(pair.french, "fr") for pair in pairs], settings.sentences)
    short = [both for both in zip(english, french, strict=True) if all(0 < len(s) <= settings.longest for s in both)]
    english, french = (list(sentences) for sentences in zip(*short, strict=True))
    to_french, to_english = learn(english, french), learn(french, english)
    lines = [*_lines("en", to_french, to_english, settings.least), *_lines("fr", to_english, to_french, settings.least)]
    target = places.models / "translations/terms.tsv"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
    return target


def _known(sentences: list[list[str]], least: int) -> list[list[str]]:
    counts = Counter(term for sentence in sentences for term in set(sentence))
    return [[term for term in sentence if counts[term] >= least] for sentence in sentences]


def _digits(term: str) -> str:
    return "".join(filter(str.isdigit, term))


def _lines(language: Language, there: Translations, back: Translations, least: float) -> Iterator[str]:
    for term, options in there.items():
        returning = {other: dict(back.get(other, ())).get(term, _UNLIKELY) for other, _ in options}
        chance, best = max((chance * returning[other], other) for other, chance in options)
        # One that stays as it is needs no translation; and numbers stay.
        if chance > least and best != term and _digits(best) == _digits(term):
            yield f"{language}\t{term}\t{best}"
