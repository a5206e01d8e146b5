"""People's questions in French: every answer stands in one sentence of its text, and none decides or measures."""

import json
from collections import Counter
from pathlib import Path

import pytest

from models.training.data import read_squad, sentence_spans
from models.training.reading_questions import read_english_test
from models.training.translated_questions import CROSSED, TRANSLATED, read_translated
from models.training.written_questions import read_deciding

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = {
    path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for path in sorted(TRANSLATED.glob("*.jsonl"))
}
RECORDS = [record for records in FILES.values() for record in records]
here = pytest.mark.skipif(not SHARED.exists(), reason="the reference data is not here")


def test_answers_stand_word_for_word_in_their_texts_nearly_all_in_one_sentence() -> None:
    split = 0
    for record in RECORDS:
        spans = sentence_spans(record["text"])
        for asked in (one for one in record["asked"] if one["answer"]):
            start, end = asked["start"], asked["start"] + len(asked["answer"])
            assert record["text"][start:end] == asked["answer"]
            split += not any(first <= start and end <= after for first, after in spans)
    assert split < 10


def test_no_question_is_translated_twice_nor_asked_twice_of_a_text() -> None:
    assert max(Counter(asked["of"] for record in RECORDS for asked in record["asked"]).values()) == 1
    assert (
        max(Counter((record["text"], asked["question"]) for record in RECORDS for asked in record["asked"]).values())
        == 1
    )


@here
def test_each_is_asked_in_french_and_across_the_languages_with_an_answer_in_each_text_or_in_none() -> None:
    questions = read_translated(SHARED)
    counts = {name: sum(len(record["asked"]) for record in records) for name, records in FILES.items()}
    crossed = sum(counts[name] for name in CROSSED)
    assert Counter((one.source, one.language) for one in questions) == {
        ("translated", "fr"): sum(counts.values()),
        ("crossed", "fr"): crossed,
        ("crossed", "en"): crossed,
    }
    places = [n for n, one in enumerate(questions) if one.source == "crossed"][::2]
    for translated, asked_in_english, asked_of_english in (questions[n - 1 : n + 2] for n in places):
        assert translated.context == asked_in_english.context != asked_of_english.context
        assert translated.question == asked_of_english.question != asked_in_english.question
        assert (translated.start < 0) == (asked_in_english.start < 0) == (asked_of_english.start < 0)


@here
def test_no_text_that_trains_is_one_that_decides_or_measures() -> None:
    trains = {question.context for question in read_translated(SHARED)}
    held = [*read_deciding(SHARED), *read_english_test(SHARED), *read_squad(SHARED / "piaf/dev.json")]
    assert not trains & {question.context for question in held}
