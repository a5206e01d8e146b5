"""A question's words → terms of the other language, so that they are looked for in its texts too.

Word by word, each by its likeliest translation (dictionary-based cross-language retrieval; Ballesteros and Croft, SIGIR
1997), from a lexicon learnt from translated sentences: `models/translations/`.
"""

from functools import cache

from assistant import places
from assistant.lexicon import Language, content_words, language_of_question, stem, terms


def terms_in(language: Language, question: str) -> list[str]:
    """The question's content terms in that language, in order; a word whose translation is not known stays itself, and
    all do where the question's own language is not clear.
    """
    asked = language_of_question(question)
    if asked is None or asked == language:
        return terms(question, language)
    known = _translations(asked)
    return [known.get(stem(word, asked)) or stem(word, language) for word in content_words(question, asked)]


@cache
def _translations(language: Language) -> dict[str, str]:
    """That language's terms and their translations."""
    text = places.shipped("models/translations/terms.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {term: translation for of, term, translation in rows if of == language}
