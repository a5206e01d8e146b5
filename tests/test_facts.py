"""Numbers, dates and names that other texts do not hold, across spelling, endings and two languages."""

import pytest
from hypothesis import given
from texts import any_text

from assistant.facts import missing

SOURCE = (
    "Mardi 13 octobre 2015, le président russe Vladimir Poutine a parlé des Etats-Unis et de l'EI en Syrie, à Alep."
)


@pytest.mark.parametrize(
    "text",
    [
        "Vladimir Poutine a parlé le 13 octobre.",
        "On Tuesday President Putin spoke of the United States, of ISIS, and of Syria.",
        "The Russian president spoke of Aleppo on 13 October 2015.",
        "Il a parlé des Américains.",
        "They may march on.",
    ],
)
def test_what_is_there_in_other_words(text: str) -> None:
    assert list(missing(text, [SOURCE])) == []


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("Il a parlé le 14 octobre.", "number", "14"),
        ("Il a parlé en novembre.", "date", "novembre"),
        ("He spoke on Friday.", "date", "Friday"),
        ("Le président Obama a parlé.", "name", "Obama"),
        ("L'Irak est en guerre.", "name", "Irak"),
        ("L'OTAN a répondu.", "name", "OTAN"),
        ("Il a parlé de quinze villes.", "number", "quinze"),
    ],
)
def test_what_is_not_there(text: str, kind: str, said: str) -> None:
    assert [(fact.kind, fact.said) for fact in missing(text, [SOURCE])] == [(kind, said)]


def test_the_first_word_of_a_sentence_is_no_name_for_its_capital() -> None:
    assert list(missing("Selon lui, rien. Demain aussi.", ["Il l'a dit."])) == []


def test_a_date_in_figures_may_be_told_in_words() -> None:
    assert list(missing("Le 13 octobre 2015.", ["Le 13/10/2015."])) == []
    assert list(missing("On 13 October 2015.", ["On 2015-10-13."])) == []


def test_any_source_will_do() -> None:
    assert list(missing("Le 3 mai à Lyon.", ["Le 3.", "En mai.", "Vers Lyon."])) == []


@given(any_text())
def test_a_text_lacks_nothing_of_itself(text: str) -> None:
    assert list(missing(text, [text])) == []
