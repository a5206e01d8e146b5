"""Follow-up + earlier turns → the question in full, written by a chat model; None where its words cannot be used."""

import contextlib
from collections.abc import Generator, Sequence

from assistant import facts, lexicon
from assistant.engine import Engine
from assistant.writer.grammar import question_form
from assistant.writer.prompt import QUESTION_TOKENS, Turn, compose_rewriting


def rewriting(question: str, turns: Sequence[Turn], engine: Engine) -> Generator[str, None, None]:
    """Pieces of the rewritten question as they come; none if the turns do not fit the model. Raises ModelUnusable."""
    language = lexicon.language_of(question)
    messages = compose_rewriting(question, turns, language, engine)
    if messages is not None:
        pieces = engine.generate(messages, question_form(), QUESTION_TOKENS)
        with contextlib.closing(pieces):  # type: ignore[type-var]
            yield from pieces


def usable(written: str, question: str, turns: Sequence[Turn]) -> str | None:
    """The rewritten question on one line, if it asks what `question` asks.

    It is whole, says something else than `question`, keeps its content words, and names no number and nobody that was
    not mentioned before.
    """
    asked = " ".join(written.split())
    if not asked.endswith("?") or lexicon.fold(asked) == lexicon.fold(question):
        return None
    language = lexicon.language_of(question)
    if not set(lexicon.terms(question, language)) <= set(lexicon.terms(asked, language)):
        return None
    mentioned = [question, *(text for turn in turns for text in (turn.question, turn.answer or ""))]
    return None if any(facts.missing(asked, mentioned)) else asked
