"""A follow-up written in full by a chat model: only if it asks the same, of what was spoken of."""

import pytest
from fakes import Scripted

from assistant.writer.prompt import Turn
from assistant.writer.rewriting import compose_rewriting, rewriting, usable

TURNS = [Turn("Combien de sorties ont été effectuées en Syrie ?", "64 sorties en 11 jours.")]
FOLLOW_UP = "Et combien de frappes ?"


def test_pieces_come_as_the_model_writes_them() -> None:
    engine = Scripted("Combien de frappes ?")
    assert "".join(rewriting(FOLLOW_UP, TURNS, engine)) == "Combien de frappes ?"
    assert engine.closed == 1


def test_the_last_turns_are_shown_on_one_line_each_question_before_its_answer() -> None:
    turns = [Turn(f"Question {n} ?", f"<Réponse {n}.>" if n % 2 else None) for n in range(5)]
    messages = compose_rewriting("Et les [grues] ?", turns, "fr", Scripted())
    assert messages is not None
    said = "Question 2 ? Question 3 ? ‹Réponse 3.› Question 4 ?"
    assert messages[-1].content == f"Avant : {said}\nQuestion : Et les (grues) ?"
    assert [message.role for message in messages] == ["system", *["user", "assistant"] * 3, "user"]


def test_turns_that_do_not_fit_are_left_out() -> None:
    turns = [Turn("mot " * 50, "mot " * 50), Turn("Combien de quais ?", "Trois.")]
    messages = compose_rewriting("Et les grues ?", turns, "fr", Scripted(context=220))
    assert messages is not None
    assert messages[-1].content == "Avant : Combien de quais ? Trois.\nQuestion : Et les grues ?"


def test_a_context_without_room_asks_nothing() -> None:
    engine = Scripted(context=80)
    assert list(rewriting(FOLLOW_UP, TURNS, engine)) == []
    assert engine.asked == []


@pytest.mark.parametrize(
    "written", ["Combien de frappes ont été effectuées en Syrie ?", "Combien de frappes en 11 jours, en Syrie ?"]
)
def test_usable(written: str) -> None:
    assert usable(written, FOLLOW_UP, TURNS) == written


def test_what_has_no_word_of_its_own_can_be_completed() -> None:
    full = "Depuis quand Mireille Castan dirige-t-elle l'association ?"
    turns = [Turn("Qui dirige l'association ?", "Mireille Castan.")]
    assert usable(full, "Depuis quand ?", turns) == full


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Les phrases ne le disent pas, car elles ne précèdent pas la question, qui est sur le nombre de frappes ?",
        "Combien de frappes",
        "Et combien de frappes ?",
        "et COMBIEN de frappes ?",
        "Combien de sorties ont été effectuées ?",
        "Combien de frappes en 2018 ?",
        "Combien de frappes à Kaboul ?",
    ],
)
def test_not_usable(written: str) -> None:
    assert usable(written, FOLLOW_UP, TURNS) is None
