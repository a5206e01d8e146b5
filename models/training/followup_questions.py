"""`followups/*.jsonl` → questions that lean on those before them, with what was said and with their texts.

Texts are named by a checksum, as in `questions/`. What they are, and who wrote them: `followups/README.md`.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.followups import Said, in_context
from models.training.data import Question, files_version
from models.training.written_questions import asked_of, read_texts, read_written

FOLLOWUPS = Path(__file__).parent / "followups"
TRAINING = FOLLOWUPS / "training.jsonl"
DECIDING = FOLLOWUPS / "deciding.jsonl"
"""Asked of texts that train nothing."""
_STANDING_OF_A_TEXT = 2
_LONGEST_ANSWER = 60


@dataclass(frozen=True)
class FollowUp:
    """`said`: the questions before it and their answers, in turn. `question`: what is asked then; nobody can tell alone
    what it is about. `alone`: the same, in words that need nothing before them."""

    said: tuple[Said, ...]
    question: Question
    alone: str


def followups_version() -> str:
    """A checksum of those that train."""
    return files_version([TRAINING])


def read_followups(data: Path, path: Path = TRAINING) -> list[FollowUp]:
    """Those of a file, in its order."""
    texts = read_texts(data)
    return [
        _followup(asked, texts[record["passage"]], record["language"])
        for record in map(json.loads, path.read_text(encoding="utf-8").splitlines())
        for asked in record["asked"]
    ]


def _followup(asked: dict[str, Any], text: str, language: str) -> FollowUp:
    question = asked_of(text, asked, "followups", language)
    return FollowUp(tuple(map(tuple, asked["said"])), question, asked["alone"])


def read_in_context(data: Path) -> list[Question]:
    """What trains the reader: follow-ups as the product completes them (source "followups"), after the answer alone
    ("answered"), as they are typed ("typed"); and questions that need nothing before them, after another one of the
    same text ("standing")."""
    chance = random.Random(0)
    leaning = [
        replace(one.question, question=question, source=source)
        for one in read_followups(data)
        for source, question in (
            ("followups", in_context(one.question.question, one.said)),
            ("answered", f"{one.said[-1][1]}. {one.question.question}"),
            ("typed", one.question.question),
        )
    ]
    return leaning + [one for text in _by_text(read_written(data)) for one in _standing(text, chance)]


def _by_text(questions: Iterable[Question]) -> Iterable[list[Question]]:
    found: dict[str, list[Question]] = defaultdict(list)
    for one in questions:
        found[one.context].append(one)
    return found.values()


def _standing(asked: list[Question], chance: random.Random) -> Iterator[Question]:
    """Some of a text's questions, each after another one with a short answer."""
    answered = [one for one in asked if one.start >= 0 and one.end - one.start < _LONGEST_ANSWER]
    for one in chance.sample(asked, min(_STANDING_OF_A_TEXT, len(asked))):
        if before := [other for other in answered if other is not one]:
            other = chance.choice(before)
            said = (other.question, other.context[other.start : other.end])
            yield replace(one, question=in_context(one.question, [said]), source="standing")
