"""A statement + the sentences that it cites → Support: does what was written hold, and if not, why.

Numbers, dates and names of the statement must be in the sentences. The rest is judged by one small logistic function of
words in common, likeness of meaning and negation; its weights and threshold are fitted on one half of
tests/support_pairs.jsonl and measured on the other by tests/bench/support.py.
"""

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assistant import facts, lexicon
from assistant.lexicon import fold
from assistant.messages import _
from assistant.numerals import numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]
"""Texts → unit vectors of shape (texts, dimension)."""
DoubtKind = Literal["citation", "number", "count", "date", "name", "negation", "likeness"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a statement is unsupported; `what` is the number, date or name that the cited sentences do not hold so."""

    kind: DoubtKind
    what: str = ""

    @property
    def reason(self) -> str:
        """As people read it."""
        return {
            "citation": _("it names no sentence that the model was shown"),
            "number": _("the cited sentence does not give the number {what}"),
            "count": _("the cited sentence gives the number {what} of something else"),
            "date": _("the cited sentence does not give the date {what}"),
            "name": _("the cited sentence does not name {what}"),
            "negation": _("one denies what the other affirms"),
            "likeness": _("the cited sentence does not say enough of it"),
        }[self.kind].format(what=self.what)


@dataclass(frozen=True, slots=True)
class Support:
    """How likely it is that a statement holds, 0…1, and what speaks against it; nothing if it is supported."""

    score: float
    doubt: Doubt | None


@dataclass(frozen=True, slots=True)
class Features:
    """What the score is made of.

    `covered`: the share 0…1 of the statement's content words that the sentences hold, in the same or a like form.
    `aligned`: the same with the cosine to the likest word where there is none. `likeness`: cosine with the likest
    sentence or part of one. `matched`: as `covered`, a word whose opposite is there being held too. `denied`: 1 if one
    of the two has a negation, or the opposite of a word, that the other has not, else 0. `foreign`: 1 if they are in
    two languages, else 0.
    """

    covered: float
    aligned: float
    likeness: float
    matched: float
    denied: float
    foreign: float

    @property
    def values(self) -> tuple[float, ...]:
        """In the order of the weights."""
        return self.aligned, self.likeness, self.foreign


# Intercept, then one weight for each of the features: fitted by tests/bench/support.py, as is the threshold.
_WEIGHTS = (-6.39, 3.31, 4.2, 2.35)
THRESHOLD = 0.56
# A statement of the same words with one negation more or less is a denial; one of other words may be a paraphrase.
_SAME_WORDS = 0.8

_CLAUSES = re.compile(r"[,;:()«»“”]| (?:mais|but|tandis que|while|contre|et|and) ")
_FRENCH_NEGATIONS = "ne n pas aucun aucune jamais rien ni sans impossible"
_ENGLISH_NEGATIONS = "not t no never none nor neither nothing nobody cannot without unable"
_NEGATIONS = frozenset((*_FRENCH_NEGATIONS.split(), *_ENGLISH_NEGATIONS.split()))
_OPPOSITES = (
    "augmenter hausse croitre progresser increase rise rose grow grew / diminuer baisse baisser reculer decrease fall "
    "fell decline drop dropped",
    "gagner gagne gain earn earned win won victoire / perdre perdu perte lose lost loss defaite defeat",
    "accepter approuver accept approve adopter adopt autoriser allow / refuser rejeter refuse reject rejected "
    "interdire forbid ban banned",
    "ouvrir ouvert open opened / fermer ferme close closed shut",
    "plus more higher superieur haut high above / moins less fewer lower inferieur bas low below",
    "avant before / apres after",
    "debut commencer begin began start / fin finir end ended finish",
    "entrer arriver enter arrive arrived join joined / quitter partir leave left",
    "vrai true / faux false",
    "possible able / impossible unable",
    "facile easy / difficile difficult hard",
    "obligatoire compulsory mandatory / facultatif optional",
    "gratuit free / payant",
    "vivant alive / mort dead",
    "premier first / dernier last",
    "nord north / sud south",
    "est east / ouest west",
)
_ONLY = re.compile(r"\bn(?:e\s|['’])(?:(?!\b(?:pas|plus|jamais)\b)[^.,;]){1,40}?\b(?:que\s|qu['’])", re.IGNORECASE)
_SIDES = tuple(tuple(frozenset(word[:5] for word in side.split()) for side in pair.split(" / ")) for pair in _OPPOSITES)
_WORD = re.compile(r"[^\W_]+")


def check(statement: str, sentences: Sequence[str], encode: Encode) -> Support:
    """Judge a statement by the texts of the sentences that it cites."""
    if not sentences:
        return Support(0.0, Doubt("citation"))
    found = features(statement, sentences, encode)
    score = probability(found)
    changed = changed_fact(statement, sentences)
    if changed is not None:
        return Support(score, changed)
    if is_denial(found):
        return Support(score, Doubt("negation"))
    # Without any word in common, only another language could say the same.
    unlike = score < THRESHOLD or not (found.covered or found.foreign)
    return Support(score, Doubt("likeness") if unlike else None)


def changed_fact(statement: str, sentences: Sequence[str]) -> Doubt | None:
    """The first number, date or name that the sentences do not hold, or a number that they give of something else."""
    for fact in facts.missing(statement, sentences):
        return Doubt(fact.kind, fact.said)
    language = lexicon.language_of(statement)
    given = _counted(" ".join(sentences), language)
    elsewhere = {value: counted for counted, values in given.items() for value in values}
    for counted, said in _counted(statement, language).items():
        for value in said:
            # "735 avions, contre 528": only a number that counts something else is taken for exchanged.
            if value not in given.get(counted, {value}) and value in elsewhere:
                return Doubt("count", value)
    return None


def features(statement: str, sentences: Sequence[str], encode: Encode) -> Features:
    """What the score of a statement is made of."""
    joined = " ".join(sentences)
    parts = [part for sentence in sentences for part in _parts(sentence)]
    language, given_in = lexicon.language_of(statement), lexicon.language_of(joined)
    said = _content(statement, language)
    held = _content(joined, given_in)
    # Many are the same: a sentence without clauses, a word of both.
    numbered = {text: number for number, text in enumerate(dict.fromkeys([statement, joined, *parts, *said, *held]))}
    vectors = encode(list(numbered))
    whole, texts, words_said, words_held = (
        vectors[[numbered[text] for text in of]] for of in ([statement], [joined, *parts], said, held)
    )
    likenesses, likest = texts @ whole[0], words_said @ words_held.T
    words = facts.folded_words(joined)
    exact = [_is_held(word, words, held, language) for word in said]
    fits = [1.0 if same else max(0.0, float(row.max(initial=0.0))) for same, row in zip(exact, likest, strict=True)]
    opposed = _opposed(said, held)
    # A long sentence may deny one thing and affirm another.
    nearest = parts[int(likenesses[1:].argmax())]
    return Features(
        covered=sum(exact) / max(1, len(exact)),
        aligned=sum(fits) / max(1, len(fits)),
        likeness=float(likenesses.max()),
        matched=sum(same or word in opposed for same, word in zip(exact, said, strict=True)) / max(1, len(said)),
        denied=float((_denies(statement) != _denies(nearest)) != bool(opposed)),
        foreign=float(language != given_in),
    )


def is_denial(found: Features) -> bool:
    """Whether the statement says what the sentences say with the sense turned round."""
    return bool(found.denied) and found.matched >= _SAME_WORDS


def probability(found: Features) -> float:
    """The score of the features."""
    intercept, *weights = _WEIGHTS
    logit = intercept + sum(weight * value for weight, value in zip(weights, found.values, strict=True))
    return 1 / (1 + math.exp(-logit))


def _parts(sentence: str) -> list[str]:
    """The sentence, and its clauses where it has several."""
    clauses = [clause.strip() for clause in _CLAUSES.split(sentence) if len(clause.split()) > 2]
    return [sentence, *clauses] if len(clauses) > 1 else [sentence]


def _content(text: str, language: lexicon.Language) -> list[str]:
    """The content words of a text as they stand there; all words if there is no other."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))
    return [word for word in words if not lexicon.is_function_word(word, language)] or words


def _is_held(word: str, words: Collection[str], held: Sequence[str], language: lexicon.Language) -> bool:
    stems = {stem for other in held for stem in lexicon.terms(other, language)}
    return facts.is_among(fold(word), words) or not stems.isdisjoint(lexicon.terms(word, language))


def _opposed(said: Sequence[str], held: Sequence[str]) -> set[str]:
    """The words of the statement whose opposite, and not they themselves, is in the sentences."""
    there = {fold(word)[:5] for word in held}
    found: set[str] = set()
    for one, other in (sides for pair in _SIDES for sides in (pair, pair[::-1])):
        if there & other and not there & one:
            found.update(word for word in said if fold(word)[:5] in one)
    return found


def _denies(text: str) -> bool:
    # "Il ne rentra qu'en 1870" affirms that he did.
    text = _ONLY.sub(" ", text)
    return not _NEGATIONS.isdisjoint(fold(word) for word in _WORD.findall(text))


def _counted(text: str, language: lexicon.Language) -> dict[str, set[str]]:
    """What is counted, as stems, and the numbers that stand right before it."""
    found: dict[str, set[str]] = {}
    for number in numbers(text):
        after = _WORD.match(text, number.end + 1)
        for stem in _stems(after[0], language) if after else ():
            found.setdefault(stem, set()).add(number.value)
    return found


def _stems(word: str, language: lexicon.Language) -> list[str]:
    return [] if lexicon.is_function_word(word, language) else lexicon.terms(word, language)
