"""Question file → QuestionSet: our JSON Lines, or SQuAD JSON with its documents, told apart by content.

A record that cannot be used becomes a Problem that names its line or id, and the rest is read all the same: whether to
go on without it is for the caller to say.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import BadQuestionFile
from assistant.evaluation.fields import MalformedError
from assistant.evaluation.questions import Question, check_answers, question_from
from assistant.evaluation.squad import SquadReader


@dataclass(frozen=True, slots=True)
class Problem:
    """A record and what is wrong with it. `where` is a line, a question's id, or a place: data[0].paragraphs[2]."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """What a file holds, in its order.

    `documents` are (name, text) pairs, none for a set over a library that exists already. `repairs` are records that
    were put right on the way in.
    """

    questions: tuple[Question, ...]
    documents: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]
    repairs: tuple[Problem, ...] = ()


def load_questions(path: Path) -> QuestionSet:
    """Read a question file. Raises BadQuestionFile if it is no readable UTF-8 text; all else is among the problems."""
    text = _text_of(path)
    try:
        content = json.loads(text)
    except ValueError as error:
        return _read_squad_error(error) if _begins_like_squad(text) else _read_lines(text)
    except RecursionError:
        return _unusable("the file", "its JSON is nested too deeply")
    if isinstance(content, dict) and "data" in content:
        return _read_squad(content)
    if "\n" in text.strip():
        return _unusable("the file", 'neither SQuAD JSON ({"data": […]}) nor one JSON object a line')
    return _read_lines(text)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is not UTF-8"
    raise BadQuestionFile(f"cannot read the question file {path}: {why}.", "Name a question file: assistant eval FILE")


def _begins_like_squad(text: str) -> bool:
    # One JSON object a line: then the first line is whole, and it is a question.
    try:
        first = json.loads(text.lstrip().split("\n", 1)[0])
    except (ValueError, RecursionError):
        return '"data"' in text[:10_000]
    return isinstance(first, dict) and "data" in first


def _read_squad_error(error: ValueError) -> QuestionSet:
    place = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "the file"
    return _unusable(place, f"the JSON is broken or cut off here: {error}")


def _read_squad(content: dict[str, Any]) -> QuestionSet:
    reader = SquadReader()
    reader.read(content)
    questions, problems = _sorted_out(reader.found)
    repairs = tuple(Problem(*repair) for repair in reader.repairs)
    return QuestionSet(questions, tuple(reader.documents.items()), problems, repairs)


def _read_lines(text: str) -> QuestionSet:
    found: list[tuple[str, Question | MalformedError]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append((f"line {number}", _question_of(line)))
            except MalformedError as error:
                found.append((f"line {number}", error))
    questions, problems = _sorted_out(found)
    return QuestionSet(questions, (), problems)


def _question_of(line: str) -> Question:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise MalformedError("its JSON is nested too deeply") from error
    question = question_from(value)
    check_answers(question)
    return question


def _sorted_out(
    found: Iterable[tuple[str, Question | MalformedError]],
) -> tuple[tuple[Question, ...], tuple[Problem, ...]]:
    """Keep the first question of each id, and follow-ups whose first question is there; the rest are problems."""
    kept: dict[str, Question] = {}
    problems: list[Problem] = []
    for where, question in found:
        if isinstance(question, MalformedError):
            problems.append(Problem(where, str(question)))
        elif question.id in kept:
            problems.append(Problem(where, f"the id {question.id!r} was used before"))
        elif question.follows is not None and question.follows not in kept:
            problems.append(Problem(where, f"it follows {question.follows!r}, which is no question before it"))
        else:
            kept[question.id] = question
    if not kept and not problems:
        problems.append(Problem("the file", "it holds no question"))
    return tuple(kept.values()), tuple(problems)


def _unusable(where: str, what: str) -> QuestionSet:
    return QuestionSet((), (), (Problem(where, what),))
