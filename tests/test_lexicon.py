"""Words become terms: folded, without function words, stemmed; French and English are told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.lexicon import LANGUAGES, Language, fold, language_of, language_of_question, terms


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("fr", "les frappes effectuées", "La frappe EFFECTUÉE"),
        ("fr", "l’hôpital d’Alep", "hôpital, Alep"),
        ("fr", "qu'elle aujourd'hui", "aujourd’hui"),
        ("fr", "les œuvres", "l'oeuvre"),
        ("fr", "Élysée", "ÉLYSÉE"),
        ("fr", "nationale", "nationales"),
        ("fr", "ﬁn", "fin"),
        ("fr", "l'e\u0301te\u0301 a\u0300 l'ho\u0302pital", "l'été à l'hôpital"),
        ("en", "the strikes were flown", "strike flown"),
        ("en", "doctor’s orders", "doctor's order"),
        ("en", "naïve cafés", "naive cafe"),
    ],
)
def test_forms_of_the_same_words_share_their_terms(language: Language, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language)


def test_terms_keep_order_and_repetition() -> None:
    assert terms("Alep, Hama, et Alep en 2015", "fr") == ["alep", "ham", "alep", "2015"]


@pytest.mark.parametrize(
    ("language", "question", "left"),
    [
        ("fr", "Où est-ce que c'est ?", 6),
        ("fr", "Qui ?", 1),
        ("en", "Who was it?", 3),
        ("en", "the", 1),
    ],
)
def test_a_question_of_function_words_alone_keeps_them(language: Language, question: str, left: int) -> None:
    assert len(terms(question, language)) == left


@pytest.mark.parametrize("text", ["", " ", "?!", "_", "« … »"])
def test_no_words_no_terms(text: str) -> None:
    assert terms(text, "fr") == []


def test_folding() -> None:
    assert fold("Œuvre Ægée À L’ÉTÉ ñ") == "oeuvre aegee a l’ete n"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Les frappes russes ont commencé le 30 septembre.", "fr"),
        ("The strikes began on the thirtieth of September.", "en"),
        ("", "fr"),
        ("1234 – 5678 !", "fr"),
    ],
)
def test_language(text: str, language: Language) -> None:
    assert language_of(text) == language


@given(st.text(), st.sampled_from(LANGUAGES))
def test_any_text_has_terms_without_capitals_or_marks(text: str, language: Language) -> None:
    for term in terms(text, language):
        assert fold(term) == term


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Combien de sorties ont été effectuées ?", "fr"),
        ("Où ?", "fr"),
        ("How many sorties were flown?", "en"),
        ("Who wrote Germinal?", "en"),
        ("frappes Alep", None),
        ("", None),
    ],
)
def test_a_question_is_in_the_language_of_its_function_words(question: str, language: Language | None) -> None:
    assert language_of_question(question) == language
