"""Follow-up + earlier turns → the question in full, written by a chat model; None where its words cannot be used."""

import contextlib
from collections.abc import Generator, Sequence

from assistant import facts, lexicon
from assistant.engine import Engine, Message
from assistant.lexicon import Language
from assistant.writer.grammar import question_form
from assistant.writer.prompt import LONGEST_TURN, Turn, clipped, escaped

_QUESTION_TOKENS = 64
_TURNS = 3

_SYSTEM: dict[Language, str] = {
    "fr": "Tu complètes des questions d'après ce qui précède, pour qu'on les comprenne seules. N'y réponds pas.",
    "en": "You complete questions from what was said before, so that each is understood alone. Do not answer them.",
}
# Shown how, small models complete a question; only told, they answer it.
_EXAMPLES: dict[Language, tuple[tuple[str, str, str], ...]] = {
    "fr": (
        ("Qui a écrit Germinal ? Émile Zola.", "Et quand ?", "Quand Émile Zola a-t-il écrit Germinal ?"),
        ("Où est la statue de Neptune ? À Bologne.", "Qui l'a sculptée ?", "Qui a sculpté la statue de Neptune ?"),
        ("Combien coûte l'entrée ? 12 euros.", "Et pour les enfants ?", "Combien coûte l'entrée pour les enfants ?"),
    ),
    "en": (
        ("Who wrote Germinal? Émile Zola.", "And when?", "When did Émile Zola write Germinal?"),
        ("Where is the statue of Neptune? In Bologna.", "Who carved it?", "Who carved the statue of Neptune?"),
        ("How much is the entry? 12 euros.", "And for children?", "How much is the entry for children?"),
    ),
}
_TASK: dict[Language, str] = {
    "fr": "Avant : {said}\nQuestion : {question}",
    "en": "Before: {said}\nQuestion: {question}",
}


def rewriting(question: str, turns: Sequence[Turn], engine: Engine) -> Generator[str, None, None]:
    """Pieces of the rewritten question as they come; none if the turns do not fit the model. Raises ModelUnusable."""
    messages = compose_rewriting(question, turns, lexicon.language_of(question), engine)
    if messages is not None:
        pieces = engine.generate(messages, question_form(), _QUESTION_TOKENS)
        with contextlib.closing(pieces):  # type: ignore[type-var]
            yield from pieces


def compose_rewriting(question: str, turns: Sequence[Turn], language: Language, engine: Engine) -> list[Message] | None:
    """The messages that ask for the question in full, from the last turns; None if not even one fits."""
    shown = [
        message
        for said, asked, full in _EXAMPLES[language]
        for message in (_task(said, asked, language), Message("assistant", full))
    ]
    for count in range(min(_TURNS, len(turns)), 0, -1):
        said = " ".join(clipped(f"{turn.question} {turn.answer or ''}", LONGEST_TURN) for turn in turns[-count:])
        messages = [Message("system", _SYSTEM[language]), *shown, _task(said, question, language)]
        if engine.count(messages) <= engine.context - _QUESTION_TOKENS:
            return messages
    return None


def usable(written: str, question: str, turns: Sequence[Turn]) -> str | None:
    """The rewritten question on one line, if it asks what `question` asks.

    It is whole, says something else than `question`, keeps its content words, and has no content word, no number and
    no name that was not said before.
    """
    asked = " ".join(written.split())
    if not asked.endswith("?") or lexicon.fold(asked) == lexicon.fold(question):
        return None
    language = lexicon.language_of(question)
    mentioned = [question, *(text for turn in turns for text in (turn.question, turn.answer or ""))]
    said = _content(asked, language)
    if not _content(question, language) <= said <= _content(" ".join(mentioned), language):
        return None
    return None if any(facts.missing(asked, mentioned)) else asked


def _content(text: str, language: Language) -> set[str]:
    return {lexicon.stem(word, language) for word in lexicon.strict_content_words(text, language)}


def _task(said: str, question: str, language: Language) -> Message:
    return Message("user", _TASK[language].format(said=escaped(said), question=escaped(question)))
