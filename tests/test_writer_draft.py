"""Streamed text → statements: of what a grammar makes, and of anything that a server may send instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import any_text

from assistant.writer.draft import Draft, Drafted, read

SHOWN = 12


def statements(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(said.text, said.ids) for said in read(text, SHOWN).statements]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Deux obus. [3]", [("Deux obus.", (3,))]),
        ("Deux obus [3].", [("Deux obus", (3,))]),
        ("A b. [1][2] C d. [12] [4]", [("A b.", (1, 2)), ("C d.", (12, 4))]),
        ("A b. [1]\nC d. [2].", [("A b.", (1,)), ("C d.", (2,))]),
        ("- A b [1, 2]\n- C d [ 3 ; 4 ]", [("A b", (1, 2)), ("C d", (3, 4))]),
        ("A [1][1], [1] b. [2]", [("A", (1,)), ("b.", (2,))]),
        ("3.5 ans. [1]", [("3.5 ans.", (1,))]),
    ],
)
def test_statements_and_their_ids(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert statements(text) == expected
    assert not read(text, SHOWN).cut


@pytest.mark.parametrize("text", ["A b. [0]", "A b. [13]", "A b. [999999][13]"])
def test_an_id_that_names_nothing_is_not_kept(text: str) -> None:
    assert statements(text) == [("A b.", ())]


def test_ids_beside_one_that_names_nothing_are_kept() -> None:
    assert statements("A b. [13][2][0]") == [("A b.", (2,))]


@pytest.mark.parametrize(
    "text", ["A b. [1] C d", "A b. [1] C d.", "A b. [1] C [", "A b. [1] C d. [2", "A b. [1] C [x]"]
)
def test_a_statement_without_its_ids_at_the_end_is_cut(text: str) -> None:
    draft = read(text, SHOWN)
    assert (draft.cut, [said.text for said in draft.statements]) == (True, ["A b."])


@pytest.mark.parametrize(
    "text",
    [
        "Les phrases ne le disent pas.",
        "The sentences do not say.",
        "the sentences do not say",
        "The sentences do not say. [2]",
    ],
)
def test_absent(text: str) -> None:
    draft = read(text, SHOWN)
    assert (draft.absent, draft.cut, draft.statements) == (True, False, [])


def test_absent_is_what_is_said_alone() -> None:
    draft = read("A b. [1] The sentences do not say.", SHOWN)
    assert (draft.absent, draft.cut, len(draft.statements)) == (False, False, 1)


def test_nothing_written_is_neither_absent_nor_cut() -> None:
    assert read("", SHOWN) == Draft(SHOWN)


marks = st.sampled_from(
    ["[1]", "[2][13]", "[", "]", " ", "\n", ". ", "[1, 2]", "[0]", ",", "The sentences do not say.", "[12"]
)
any_output = st.lists(st.one_of(marks, any_text(), st.text(max_size=4)), max_size=12).map("".join)


@given(any_output, st.integers(0, 60))
def test_any_text_is_read(text: str, shown: int) -> None:
    draft = read(text, shown)
    for said in draft.statements:
        assert said.text.strip() == said.text != ""
        assert "\n" not in said.text
        assert len(set(said.ids)) == len(said.ids)
        assert all(1 <= number <= shown for number in said.ids)
    assert not (draft.absent and draft.statements)


@given(any_output, st.data())
def test_the_pieces_that_a_text_comes_in_do_not_matter(text: str, data: st.DataObject) -> None:
    draft, rest = Draft(SHOWN), text
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        draft.feed(rest[:size])
        rest = rest[size:]
    draft.finish()
    assert draft == read(text, SHOWN)


word = st.text(st.sampled_from("abcé«»'’ ,-42"), min_size=1, max_size=30).map(lambda text: f"a{text}b")
drafted = st.builds(Drafted, word, st.lists(st.integers(1, SHOWN), min_size=1, max_size=3, unique=True).map(tuple))


def plain(text: str) -> str:
    return " ".join(text.split())


@given(st.lists(drafted, min_size=1, max_size=5))
def test_what_was_meant_comes_back(meant: list[Drafted]) -> None:
    text = "\n".join(f"{said.text}. {''.join(f'[{number}]' for number in said.ids)}" for said in meant)
    assert statements(text) == [(plain(f"{said.text}."), said.ids) for said in meant]
