"""A question's words → terms of the other language, so that they are looked for in its texts too.

Word by word, each by its likeliest translation (dictionary-based cross-language retrieval; Ballesteros and Croft, SIGIR
1997), from a lexicon learnt from translated sentences: `models/translations/`.
"""

from functools import cache

from assistant import places
from assistant.lexicon import LANGUAGES, Language, content_words, language_of_question, stem, terms


def terms_in(language: Language, question: str) -> list[str]:
    """The question's content terms in that language, in order; a word whose translation is not known stays itself, and
    all do where the question's own language is not clear.
    """
    asked = language_of_question(question)
    if asked in (None, language):
        return terms(question, language)
    known = _translations()[asked]
    return [known.get(stem(word, asked)) or stem(word, language) for word in content_words(question, asked)]


@cache
def _translations() -> dict[Language, dict[str, str]]:
    """By language, the translations of its terms."""
    text = places.shipped("models/translations/terms.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    return {language: {term: other for of, term, other in rows if of == language} for language in LANGUAGES}
