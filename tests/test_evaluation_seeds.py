"""The seed's own test set: promises that a reader of seeds/questions.jsonl may rely on."""

from pathlib import Path

import pytest

from assistant import lexicon
from assistant.evaluation.datasets import load_questions
from assistant.evaluation.questions import GoldSpan, Question
from assistant.sentences import split_sentences

SEEDS = Path(__file__).parent.parent / "seeds"
ARTICLE = (SEEDS / "article.txt").read_text(encoding="utf-8")
SENTENCES = {(s.start, s.end) for s in split_sentences(ARTICLE)}
SET = load_questions(SEEDS / "questions.jsonl")
ANSWERABLE = [question for question in SET.questions if not question.unanswerable]


def golds(question: Question) -> list[str]:
    return [ARTICLE[gold.start : gold.end] for gold in question.sentences if isinstance(gold, GoldSpan)]


def tagged(tag: str) -> list[Question]:
    return [question for question in SET.questions if tag in question.tags]


def test_the_file_is_sound_and_large_enough() -> None:
    assert not SET.problems
    assert len(SET.questions) >= 70
    assert len(SET.questions) - len(ANSWERABLE) >= 20
    assert len(tagged("near-miss")) >= 20
    assert len(tagged("english")) >= 12
    assert sum(question.follows is not None for question in SET.questions) >= 8
    assert len({question.question for question in SET.questions}) == len(SET.questions)


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question.id)
def test_gold_sentences_are_the_splitters_and_hold_every_answer(question: Question) -> None:
    assert question.sentences
    assert {(g.start, g.end) for g in question.sentences if isinstance(g, GoldSpan)} <= SENTENCES
    assert {g.document for g in question.sentences} == {"article.txt"}
    assert all(any(answer in gold for gold in golds(question)) for answer in question.answers)
    assert all(any(answer in gold for answer in question.answers) for gold in golds(question))


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question.id)
def test_the_shortest_answer_comes_first(question: Question) -> None:
    assert question.answers[0] == min(question.answers, key=len)


def test_every_sentence_of_the_article_is_asked_about() -> None:
    asked = {(g.start, g.end) for q in ANSWERABLE for g in q.sentences if isinstance(g, GoldSpan)}
    assert asked == SENTENCES


def test_tags_say_what_a_question_is() -> None:
    for question in SET.questions:
        assert ("follow-up" in question.tags) == (question.follows is not None), question.id
        assert question.unanswerable == bool({"near-miss", "off-topic"} & set(question.tags)), question.id


@pytest.mark.parametrize("question", tagged("paraphrase"), ids=lambda question: question.id)
def test_a_paraphrase_shares_at_most_a_third_of_its_words_with_its_sentence(question: Question) -> None:
    words = set(lexicon.terms(question.question, "fr"))
    shared = words & {term for gold in golds(question) for term in lexicon.terms(gold, "fr")}
    assert 3 * len(shared) <= len(words), shared
