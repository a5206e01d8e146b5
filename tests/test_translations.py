"""A question's words are looked for in the other language too, by a lexicon learnt from translated sentences."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from texts import any_text

from assistant import places
from assistant.lexicon import LANGUAGES, Language, fold, terms
from assistant.translations import terms_in
from models.training.settings import Places
from models.training.translations import TranslationsSettings, write_translations

LINES = [line.split("\t") for line in places.shipped("models/translations/terms.tsv").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("question", "language", "looked_for"),
    [
        ("How many schools were destroyed in the city?", "fr", "écoles détruites ville"),
        ("Which hospital did the planes bomb?", "fr", "hôpital avions bombe"),
        ("Combien d'écoles ont été détruites dans la ville ?", "en", "schools destroyed city"),
        ("Who shot Bilal Kheirallah in 2015?", "fr", "tir Bilal Kheirallah 2015"),
    ],
)
def test_words_become_those_of_the_other_language(question: str, language: Language, looked_for: str) -> None:
    assert terms_in(language, question) == terms(looked_for, language)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Où les frappes ont-elles commencé ?", "fr"),
        ("Where did the strikes begin?", "en"),
        ("frappes Alep", "fr"),
        ("frappes Alep", "en"),
    ],
)
def test_in_its_own_language_or_where_that_is_not_clear_a_question_keeps_its_terms(
    question: str, language: Language
) -> None:
    assert terms_in(language, question) == terms(question, language)


@given(any_text())
def test_any_question_has_terms_in_each_language_that_the_index_can_hold(question: str) -> None:
    for language in LANGUAGES:
        assert all(term == fold(term) for term in terms_in(language, question))


def test_the_lexicon_holds_terms_of_the_index_and_leaves_numbers_alone() -> None:
    assert len({(language, term) for language, term, _ in LINES}) == len(LINES) > 10_000
    for language, term, translation in LINES:
        assert language in LANGUAGES
        assert term == fold(term) != translation == fold(translation)
        assert [c for c in term if c.isdigit()] == [c for c in translation if c.isdigit()]


def test_it_is_learnt_from_translated_sentences(tmp_path: Path) -> None:
    pairs = [
        ("The red house.", "La maison rouge."),
        ("The red car.", "La voiture rouge."),
        ("The old house.", "La vieille maison."),
        ("A blue car in 1987.", "Une voiture bleue en 1987."),
    ]
    (tmp_path / "parallel").mkdir()
    with gzip.open(tmp_path / "parallel" / "train.tsv.gz", "wt", encoding="utf-8") as file:
        file.writelines(f"made\t{english}\t{french}\n" for english, french in pairs)
    written = write_translations(Places(tmp_path, tmp_path, tmp_path), TranslationsSettings(sentences=2))
    learnt = written.read_text(encoding="utf-8").splitlines()
    assert learnt == [
        "en\tcar\tvoitur",
        "en\thous\tmaison",
        "en\tred\troug",
        "fr\tmaison\thous",
        "fr\troug\tred",
        "fr\tvoitur\tcar",
    ]
