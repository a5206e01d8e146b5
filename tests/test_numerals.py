"""Numbers are the same however they are written, in figures or in French or English words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import any_text

from assistant.numerals import numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5 000, 5\u202f000, 5.000, 5,000, cinq mille, 5 mille, five thousand", ["5000"] * 7),
        ("3,5 millions et 3.5 million", ["3500000", "3500000"]),
        ("12 %, douze pour cent, 12 percent", ["12", "12", "12"]),
        ("soixante et onze, quatre-vingt-six, quatre-vingt-dix-sept, quatre-vingts", ["71", "86", "97", "80"]),
        ("two hundred and six, eighty-six, nineteen", ["206", "86", "19"]),
        ("deux mille quinze, trois cent mille, vingt et un", ["2015", "300000", "21"]),
        ("dix et douze, deux ou trois", ["10", "12", "2", "3"]),
        ("au XIXe siècle, in the 19th century, le 1er mai", ["19", "19", "1"]),
        ("un homme, une femme, one of them, le front, ce livre", []),
        ("0,125 et 2014-2015", ["0.125", "2014", "2015"]),
        ("64 sorties et 55 frappes", ["64", "55"]),
    ],
)
def test_values(text: str, values: list[str]) -> None:
    assert [number.value for number in numbers(text)] == values


@given(any_text())
def test_places_are_in_the_text_and_in_order(text: str) -> None:
    found = numbers(text)
    assert all(0 <= number.start < number.end <= len(text) for number in found)
    assert found == sorted(found, key=lambda number: number.start)


@given(st.integers(0, 10**9))
def test_a_number_is_itself_with_and_without_separators(number: int) -> None:
    for written in (str(number), f"{number:,}", f"{number:,}".replace(",", " "), f"{number:,}".replace(",", ".")):
        assert [found.value for found in numbers(f"Il y en a {written} ici.")] == [str(number)]
