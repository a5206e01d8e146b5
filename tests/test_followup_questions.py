"""Follow-ups written for this project: answers stand in sentences of their texts, and what decides trains nothing."""

import json
from collections import Counter
from pathlib import Path

import pytest

from assistant.followups import in_context
from models.training.data import read_squad, sentence_spans
from models.training.followup_questions import DECIDING, TRAINING, FollowUp, read_followups, read_in_context
from models.training.written_questions import read_deciding

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
here = pytest.mark.skipif(not SHARED.exists(), reason="the reference data is not here")


@pytest.mark.parametrize("path", [TRAINING, DECIDING])
def test_something_was_said_before_each_and_none_is_written_twice(path: Path) -> None:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    asked = [(record["passage"], str(one["said"]), one["question"]) for record in records for one in record["asked"]]
    assert len(asked) == len(set(asked))
    for one in (one for record in records for one in record["asked"]):
        assert one["said"]
        assert all(question and answer for question, answer in one["said"])
        assert one["question"] != one["alone"]


@here
@pytest.mark.parametrize("path", [TRAINING, DECIDING])
def test_answers_stand_word_for_word_in_one_sentence_of_their_texts(path: Path) -> None:
    followups = read_followups(SHARED, path)
    spans = {one.question.context: sentence_spans(one.question.context, one.question.language) for one in followups}
    for one in (one.question for one in followups):
        if one.start < 0:
            assert any(start == one.tempts for start, _ in spans[one.context])
        else:
            assert any(start <= one.start < one.end <= end for start, end in spans[one.context])


@here
def test_no_text_that_trains_is_one_that_decides_or_measures() -> None:
    trains, decides = texts(read_followups(SHARED)), texts(read_followups(SHARED, DECIDING))
    held_out = {one.context for one in read_squad(SHARED / "piaf/train.json", held_out=True)}
    dev = {one.context for one in read_squad(SHARED / "piaf/dev.json")}
    assert not trains & (decides | held_out | dev | {one.context for one in read_deciding(SHARED)})
    assert not decides & dev


@here
def test_the_reader_learns_them_as_the_product_asks_them_and_what_stands_alone_after_something_else() -> None:
    followups, asked = read_followups(SHARED), read_in_context(SHARED)
    counts = Counter(one.source for one in asked)
    assert counts["followups"] == counts["answered"] == counts["typed"] == len(followups)
    assert counts["standing"] > 1000
    as_completed = [one.question for one in asked if one.source == "followups"]
    assert as_completed == [in_context(one.question.question, one.said) for one in followups]


def texts(followups: list[FollowUp]) -> set[str]:
    return {one.question.context for one in followups}
