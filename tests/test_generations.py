"""Random weights under random grammars: whatever a model writes cites only what it was shown.

The suite makes a few of them; `ASSISTANT_GENERATIONS=1000 python -m pytest tests/test_generations.py` makes a thousand.
"""

import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_models import random_model

from assistant.engine import Message
from assistant.lexicon import LANGUAGES
from assistant.worker import LocalEngine
from assistant.writer.draft import read
from assistant.writer.grammar import IDS, STATEMENTS, answer_form, question_form

GENERATIONS = int(os.environ.get("ASSISTANT_GENERATIONS", "60"))
MODELS = 3
HANGING = 60
ID = re.compile(r"\[([1-9][0-9]*)\]")


@pytest.fixture(scope="module")
def engines(home: Path) -> Iterator[list[LocalEngine]]:
    made = [LocalEngine(random_model(home / "models", seed)) for seed in range(MODELS)]
    yield made
    for engine in made:
        engine.close()


@pytest.mark.parametrize("number", range(GENERATIONS))
def test_an_answer_is_well_formed_and_cites_only_what_was_shown(engines: list[LocalEngine], number: int) -> None:
    chance = random.Random(number)
    shown, limit = chance.randint(1, 60), chance.choice([3, 40, 150, 400])
    asked = [Message("user", chance.choice("abcdefgh") * chance.randint(1, 40))]
    started = time.perf_counter()
    text = "".join(engines[number % MODELS].generate(asked, answer_form(shown, chance.choice(LANGUAGES)), limit))
    assert time.perf_counter() - started < HANGING
    assert all(int(number) <= shown for number in ID.findall(text))
    rest = ID.sub("", text)
    # Nothing else may look like an id or a special token, but for one that was cut.
    assert not set("<>]") & set(rest)
    assert rest.count("[") == rest[-3:].count("[") <= 1
    draft = read(text, shown)
    assert len(draft.statements) <= STATEMENTS
    for statement in draft.statements:
        assert 1 <= len(statement.ids) <= IDS
        assert all(1 <= number <= shown for number in statement.ids)
    # Signs without a word say nothing, whatever they cite.
    assert draft.cut or draft.absent or draft.statements or not re.search(r"\w", rest)


def test_a_rewritten_question_is_one_line(engines: list[LocalEngine]) -> None:
    for number, engine in enumerate(engines):
        text = "".join(engine.generate([Message("user", "a" * number)], question_form(), 400))
        assert re.fullmatch(r"[^\n<>\[\]?]+\?", text)
