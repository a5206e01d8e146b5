"""Question + what was said before it → whether it leans on that, and the question with that in front; pure, no model.

"Et en combien de jours ?" says what is asked but not of what: the question before it is put in front. Some forms show
that a question leans on another one: it opens with "Et" or "And", is short and does not name what it asks about ("Et
combien coûte le billet ?" does), it has no verb ("Avec quel résultat ?"), or it has a pronoun where its subject should
be ("À quoi servent-ils ?"). Half of what people ask next has none of these; most of that names next to nothing, as some
questions that stand on their own do ("Qui a gagné ?"): reading both ways tells. tests/bench/followups.py counts.
"""

import re
from collections.abc import Sequence

from assistant.lexicon import language_of_question, strict_content_words

_SHORT = 6
"""Words after "Et" or "And" up to which a question without a name leans on the one before."""

_NAMING = 2
"""Words, other than function words, up to which a question without a name may lean on the one before."""

_OPENING = re.compile(r"(?:et|mais|and|but|or|what about|how about|quid)\b[ ,]*", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<=[ '’])[A-ZÀ-Þ]\w+|\b\d{4}\b")

_PREPOSITION = r"(?:à|de|d['’]|en|dans|par|pour|avec|sur|sous|contre|depuis|jusqu['’]à|vers|chez|pendant|durant|selon)"
_ASKING = r"(?:qui|quoi|où|quand|comment|combien|pourquoi|lequel|laquelle|lesquels|lesquelles)"
# "quel pays voisin", "combien de morts": at most four words, no article and no name, so that no subject hides there.
_NOUNS = r"(?:(?!(?:le|la|les|un|une|des|ce|cet|cette|ces|son|sa|ses|leurs?)\b|l['’])[a-zà-ÿœ\d]+['’ ]){1,4}?"
_WHAT = rf"(?:{_PREPOSITION}\s?(?:{_ASKING}|quel(?:le)?s?\ {_NOUNS})|{_ASKING}|qu['’]|que)\s?"
_BARE_NOUNS = rf"(?:quel(?:le)?s?\ {_NOUNS}|combien\ d(?:e\ |['’]){_NOUNS})"
_CLITICS = r"(?:(?:ne|se|le|la|les|lui|leur|en|nous|vous)\ |[lsn]['’](?:en\ )?)*"
# "faut-il" and its like have a subject that stands for nothing.
_IMPERSONAL = r"(?:faut|arrive|faudra|faudrait|fallait|agit|agissait|passe|advient|existe|reste|fait|fera|semble|pleut)"
_BE = r"(?:est|sont|était|étaient|fut|furent|sera|seront)"

_INVERTED = r"[a-zà-ÿ]+-(?:t-)?(?:ils?|elles?)\b.*"

_FRENCH = (
    # No verb: Pourquoi ? Depuis quand ? Avec quel résultat ? Pour faire quoi ? C'est où ?
    rf"(?:{_PREPOSITION}\s?|c['’]est\ |c['’]était\ )?{_ASKING}(?:\ (?:ça|cela|pas|exactement))?",
    rf"{_PREPOSITION}\ quel(?:le)?s?\ \w+",
    r"(?:pour|afin\ de)\ \w+(?:er|ir|re)\ quoi(?:\ \w+)?",
    # A pronoun where the subject should be: À quoi leur servent-ils ? Qu'a-t-elle décidé ? Où est-ce qu'ils vont ?
    rf"(?:{_WHAT}|(?!est-il)){_CLITICS}(?!{_IMPERSONAL}-|est-il\ (?:passé|arrivé)){_INVERTED}",
    rf"{_BARE_NOUNS}{_CLITICS}(?!(?:{_IMPERSONAL}|{_BE})-){_INVERTED}",
    rf"(?:{_WHAT}|{_BARE_NOUNS})(?:est-ce\ qu['’])?(?:ils|elles?|il\ (?!y\b|faut|s['’]agit|existe|reste))\b.*",
    # A pronoun as object of "qui": Qui l'affirme ? Qui les commande ?
    r"qui\ (?:(?:le|la|les|lui|leur|en)\ |l['’])(?:(?:a|ont|avait|avaient|aurait)\ )?[a-zà-ÿ]+(?:\ dit)?",
    # A possessive whose owner was named before: Quel est son rôle ? D'où provenait leur armement ?
    rf"(?:qui|quel(?:le)?s?|quoi|comment)\ {_BE}\ (?:son|sa|ses|leurs?)\ .*",
    rf"(?:d['’])?où\ {_CLITICS}[a-zà-ÿ]+\ (?:son|sa|ses|leurs?)\ .*",
    # "ce" for what was just said: Est-ce beaucoup ? and what points outside the question.
    r"est-ce\ (?!que\b|qu['’]|le\b|la\b|les\b|l['’]|une?\b|des?\b|d['’]|en\b|à\b|par\b)[a-zà-ÿ].*",
    r".{0,24}\b(?:parmi|entre|avec|contre|chez|pour)\ (?:eux|elles)\b.*",
)

_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)"
_ENGLISH_WHAT = r"(?:(?:in|on|at|to|for|from|by|with|of|since|until)\ )?(?:who|whom|what|when|where|why|how|which)"

_ENGLISH = (
    rf"{_ENGLISH_WHAT}(?:\ (?:many|much|long|often|far|old|so|not|exactly|ones?))?",
    r"(?:in|for|by|on|from|at|to|of|with)\ (?:what|which)\ \w+",
    rf"(?:{_ENGLISH_WHAT}(?:\ (?!the\b|an?\b)\w+){{0,3}}\ )?{_AUXILIARY}\ (?:he|she)\b.*",
    # "they" may mean people at large: with a name the question stands on its own.
    rf"(?:{_ENGLISH_WHAT}(?:\ (?!the\b|an?\b)\w+){{0,3}}\ )?{_AUXILIARY}\ they\b(?!.*\b[A-Z0-9]).*",
    rf"{_ENGLISH_WHAT}\ (?:does|did|has|had|will|can)\ it\b(?!\ (?:mean|rain|snow|become|take|cost)).*",
    rf"(?:{_ENGLISH_WHAT}(?:\ (?!the\b|an?\b)\w+){{0,2}}\ )?(?:is|was|are|were)\ (?:it|those|these)(?:\ \w+)?",
    r"(?:who|what|where|when|how)\ (?:is|are|was|were)\ (?:his|her|their|its)\ .*",
    r"who\ \w+\ (?:it|him|her|them|so|that)",
)

# "combien coûte le billet", "où se trouve le musée", "who runs the museum": a verb, and with its article what it is of.
_NAMED = (
    rf"(?:{_WHAT}|{_BARE_NOUNS}){_CLITICS}(?!{_PREPOSITION}\ )[a-zà-ÿ]+\ (?:(?:le|la|les)\ |l['’])\w.*",
    rf"{_ENGLISH_WHAT}(?:\ \w+)?\ {_AUXILIARY}\ the\ .*",
    r"who\ (?!(?:in|on|at|to|for|from|by|with|of)\ )\w+\ the\ .*",
)


Said = tuple[str, str | None]
"""A question, and the exact words that answered it, if any did."""


def _any_of(forms: tuple[str, ...]) -> re.Pattern[str]:
    # Upper case is a name's, except in the first letter: see `leans`.
    return re.compile("|".join(form.replace("\\ ", " ") for form in forms))


_LEANING = _any_of(_FRENCH + _ENGLISH)
_STANDING = _any_of(_NAMED)


def in_context(question: str, said: Sequence[Said]) -> str:
    """`question` with what it may lean on in front: the last question that names something, and the last answer."""
    last, answer = said[-1]
    # "Depuis quand ?" does not say what is talked about: a question before it does.
    topic = next((asked for asked, _ in reversed(said) if _naming(asked)), last)
    return f"{topic} {answer}. {question}" if answer else f"{topic} {question}"


def may_lean(question: str) -> bool:
    """Whether it names so little, or opens as if it went on, that its form alone does not tell."""
    if _OPENING.match(question):
        return True
    return len(_naming(question)) <= _NAMING and not _NAME.search(question)


def leans(question: str) -> bool:
    """Whether a question's form shows that it continues another one."""
    asked = question.strip().rstrip("?!. \u00a0\u202f")
    opening = _OPENING.match(asked)
    rest = asked[opening.end() :] if opening else asked
    form = rest[:1].lower() + rest[1:]
    if _LEANING.fullmatch(form):
        return True
    if opening is None or _NAME.search(rest) or _STANDING.fullmatch(form):
        return False
    return len(_WORD.findall(rest)) <= _SHORT


def _naming(question: str) -> list[str]:
    return strict_content_words(question, language_of_question(question) or "fr")
