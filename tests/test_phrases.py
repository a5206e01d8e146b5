"""A piece that can be quoted alone cuts no word, number or pair of brackets, and has no punctuation at its edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.phrases import is_whole, trimmed

TEXTS = st.text(st.sampled_from("ab1 ,;:()[]«»“”\"'.\u00a0é"), max_size=30)


@pytest.mark.parametrize(
    ("text", "piece", "quoted"),
    [
        ("Elle mesure (17 cm) de haut.", "(17 cm", "17 cm"),
        ("James (1795 – 1836) était roi.", "1836)", "1836"),
        ("Il est né à Lyon, puis partit.", "Lyon,", "Lyon"),
        ("Le mot «\u00a0hongrois\u00a0» vient de là.", "«\u00a0hongrois", "hongrois"),
        ("Le mot « hongrois » vient de là.", "« hongrois »", "« hongrois »"),
        ('On dit "gouge" ici.', 'gouge"', "gouge"),
        ("Élisabeth Ire (reine) régna.", "Élisabeth Ire (reine)", "Élisabeth Ire (reine)"),
        ("Mort en 50 av. J.-C. à Rome.", "50 av. J.-C.", "50 av. J.-C."),
        ("Cela vaut 12,5 % !", "12,5 %", "12,5 %"),
        ("En 2003 120 élèves partirent.", "120 élèves", "120 élèves"),
        ("La salle B4 120 fois par an.", "120 fois", "120 fois"),
    ],
)
def test_marks_at_the_edges_go_unless_their_pair_is_inside(text: str, piece: str, quoted: str) -> None:
    start, end = trimmed(text, text.index(piece), text.index(piece) + len(piece))
    assert text[start:end] == quoted
    assert is_whole(text, start, end)


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("Münter, franc-maçon danois.", "dano"),
        ("En hébreu.", "breu"),
        ("Cela vaut 12,5 %.", "12"),
        ("Cela vaut 12,5 %.", "5 %"),
        ("Il en coûta 64\u202f000 francs.", "000 francs"),
        ("Il en coûta 64 000 francs.", "000 francs"),
        ("Il en coûta 1 264 000,50 francs.", "264 000"),
        ("Le cafe\u0301 est chaud.", "Le cafe"),
        ("roches métamorphiques (schistes, gneiss)", "métamorphiques (schistes"),
        ("une gouge » de forme carrée", "gouge » de forme"),
        ("fin ) puis ( reprise", ") puis ("),
        ("Ah… oui", "…"),
    ],
)
def test_a_part_of_a_word_or_of_a_pair_is_not_whole(text: str, piece: str) -> None:
    assert not is_whole(text, text.index(piece), text.index(piece) + len(piece))


@given(TEXTS, st.integers(0, 30), st.integers(0, 30))
def test_trimming_takes_no_letters_and_is_done_once(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    first, last = trimmed(text, start, end)
    assert start <= first <= last <= end
    assert not any(character.isalnum() for character in text[start:first] + text[last:end])
    assert trimmed(text, first, last) == (first, last)
