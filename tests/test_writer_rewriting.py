"""A follow-up written in full by a chat model: only if it asks the same, of what was spoken of."""

import pytest
from fakes import Scripted

from assistant.writer.prompt import Turn
from assistant.writer.rewriting import rewriting, usable

TURNS = [Turn("Combien de sorties ont été effectuées en Syrie ?", "64 sorties en 11 jours.")]
FOLLOW_UP = "Et combien de frappes ?"


def test_pieces_come_as_the_model_writes_them() -> None:
    engine = Scripted("Combien de frappes ?")
    assert "".join(rewriting(FOLLOW_UP, TURNS, engine)) == "Combien de frappes ?"
    assert engine.closed == 1


def test_a_context_without_room_asks_nothing() -> None:
    engine = Scripted(context=80)
    assert list(rewriting(FOLLOW_UP, TURNS, engine)) == []
    assert engine.asked == []


@pytest.mark.parametrize(
    "written", ["Combien de frappes ont été effectuées en Syrie ?", "Combien de frappes en 11 jours, en Syrie ?"]
)
def test_usable(written: str) -> None:
    assert usable(written, FOLLOW_UP, TURNS) == written


@pytest.mark.parametrize(
    "written",
    [
        "",
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
