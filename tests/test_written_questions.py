"""Questions written for this project: every answer stands where its record says, and what decides trains nothing."""

import json
from pathlib import Path

import pytest

from models.training import written_questions
from models.training.data import Question, read_squad, sentence_spans
from models.training.reading_questions import cut

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
        spans = sentence_spans(record["text"], record["language"])
        for asked in record["asked"]:
            _check(record["text"], spans, asked["start"], asked["answer"])


@pytest.mark.skipif(not SHARED.exists(), reason="the reference data is not here")
def test_answers_stand_word_for_word_in_the_reference_texts() -> None:
    known = written_questions.read_passages(SHARED)
    for record in (record for records in RECORDS.values() for record in records if "passage" in record):
        text = known[record["passage"]]
        spans = sentence_spans(text, record["language"])
        for asked in record["asked"]:
            _check(text, spans, asked["start"], asked["answer"])


@pytest.mark.skipif(not SHARED.exists(), reason="the reference data is not here")
def test_no_text_that_trains_is_one_that_decides_or_measures() -> None:
    training, deciding = written_questions.read_written(SHARED), written_questions.read_deciding(SHARED)
    assert all((question.start < 0) == (question.tempts >= 0) for question in training + deciding)
    trains, decides = {question.context for question in training}, {question.context for question in deciding}
    held_out = {question.context for question in read_squad(SHARED / "piaf/train.json", held_out=True)}
    dev = {question.context for question in read_squad(SHARED / "piaf/dev.json")}
    fquad = {question.context for question in read_squad(SHARED / "eval_only/fquad-sample.json")}
    assert not trains & (decides | held_out | dev | fquad)
    assert not decides & (dev | fquad)
    assert len(training) + len(deciding) == sum(len(one["asked"]) for of in RECORDS.values() for one in of)


def test_a_near_miss_has_no_answer_and_remembers_which_sentence_tempts() -> None:
    text = "Le pont date de 1902. Le maire l'a inauguré."
    year, mayor = text.index("1902"), text.index("Le maire")
    reading = cut(
        [
            Question("Quand le pont fut-il bâti ?", text, year, year + 4, "written", "fr"),
            Question("Qui a payé le pont ?", text, -1, -1, "written", "fr", tempts=mayor),
        ]
    )
    answered, missed = reading.asked
    assert reading.texts == [["Le pont date de 1902.", "Le maire l'a inauguré."]]
    assert reading.texts[0][answered.gold][answered.start : answered.end] == "1902"
    assert (missed.gold, missed.tempts) == (-1, 1)


def _check(text: str, spans: list[tuple[int, int]], start: int, answer: str) -> None:
    end = start + len(answer)
    assert text[start:end] == answer
    assert any(first <= start and end <= after for first, after in spans), answer
