"""Questions written for this project: every answer stands where its record says, and what decides trains nothing."""

import json
from pathlib import Path

import pytest

from models.training import written_questions
from models.training.data import read_squad
from models.training.reading_questions import Reading, with_written

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
RECORDS = {
    path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for path in sorted(written_questions.QUESTIONS.glob("*.jsonl"))
}
KINDS = {"direct", "paraphrased", "other language", "near miss"}


@pytest.mark.parametrize("name", RECORDS)
def test_every_question_is_of_a_known_kind_and_only_near_misses_have_no_answer(name: str) -> None:
    for record in RECORDS[name]:
        for asked in record["asked"]:
            assert asked["kind"] in KINDS
            assert asked["question"].strip()
            assert (asked["answer"] == "") == (asked["kind"] == "near miss")


def test_no_question_is_asked_twice_of_a_text() -> None:
    asked = [
        (record.get("passage") or record["text"], one["question"])
        for records in RECORDS.values()
        for record in records
        for one in record["asked"]
    ]
    assert len(asked) == len(set(asked))


def test_answers_stand_word_for_word_in_one_sentence_of_the_invented_texts() -> None:
    for record in (record for records in RECORDS.values() for record in records if "text" in record):
        passage = written_questions.Passage(
            record["text"], record["language"], tuple(written_questions.Written(**one) for one in record["asked"])
        )
        _check(passage)


@pytest.mark.skipif(not SHARED.exists(), reason="the reference data is not here")
def test_answers_stand_word_for_word_in_the_reference_texts() -> None:
    passages = [*written_questions.read_training(SHARED), *written_questions.read_deciding(SHARED)]
    assert len(passages) == sum(map(len, RECORDS.values()))
    for passage in passages:
        _check(passage)


@pytest.mark.skipif(not SHARED.exists(), reason="the reference data is not here")
def test_no_text_that_trains_is_one_that_decides_or_measures() -> None:
    trains = {passage.text for passage in written_questions.read_training(SHARED)}
    decides = {passage.text for passage in written_questions.read_deciding(SHARED)}
    held_out = {question.context for question in read_squad(SHARED / "piaf/train.json", held_out=True)}
    dev = {question.context for question in read_squad(SHARED / "piaf/dev.json")}
    fquad = {question.context for question in read_squad(SHARED / "eval_only/fquad-sample.json")}
    assert not trains & (decides | held_out | dev | fquad)
    assert not decides & (dev | fquad)


def test_a_near_miss_has_no_answer_and_remembers_which_sentence_tempts() -> None:
    text = "Le pont date de 1902. Le maire l'a inauguré."
    asked = (
        written_questions.Written("Quand le pont fut-il bâti ?", "1902", text.index("1902"), "paraphrased"),
        written_questions.Written("Qui a payé le pont ?", "", text.index("Le maire"), "near miss"),
    )
    reading = with_written(Reading([], []), [written_questions.Passage(text, "fr", asked)])
    answered, missed = reading.asked
    assert reading.texts == [["Le pont date de 1902.", "Le maire l'a inauguré."]]
    assert reading.texts[0][answered.gold][answered.start : answered.end] == "1902"
    assert (missed.gold, missed.tempts) == (-1, 1)


def _check(passage: written_questions.Passage) -> None:
    for one in passage.asked:
        assert passage.text[one.start : one.start + len(one.answer)] == one.answer
        assert any(a <= one.start and one.start + len(one.answer) <= b for a, b in passage.sentences), one
