"""What a reply that a chat model wrote looks like in the terminal UI, on a session that always answers the same."""

import pytest
from fake_session import (
    ABROAD,
    BOMBED,
    FLIGHTS,
    RAIDS,
    TOWNS,
    WEATHER,
    ZONES,
    FakeSession,
    fixed_history,
)
from textual.widgets import OptionList
from tui import answered, ask, english, running, shown, source, until

from assistant.tui.transcript import Transcript

__all__ = ["english"]  # a fixture


async def test_a_draft_is_shown_without_the_ids_that_nobody_knows() -> None:
    session = FakeSession()
    session.held.clear()
    async with running(session) as pilot:
        turn = await ask(pilot, ABROAD)
        await until(pilot, lambda: "[…]" in shown(turn) and "calmes" in shown(turn), "the draft")
        assert "effectuées. […] Les zones libérées sont calmes. […]" in shown(turn)
        assert "Understood as: Combien de frappes ont eu lieu en 11 jours ?" in shown(turn)
        session.held.set()


async def test_an_unsupported_statement_stands_apart_with_its_reason_and_its_sentence() -> None:
    async with running() as pilot:
        turn = await answered(pilot, RAIDS)
        said = [str(widget.render()) for widget in turn.query(".answer, .unsupported")]
        assert said == [
            "En 11 jours, 64 sorties ont été effectuées. [1]",
            "Les zones libérées sont calmes. [2]\n✗ unsupported: the cited sentence does not say enough of it",
            "Les zones libérées sont bombardées. [2]",
        ]
        assert [(chip.number, chip.role, chip.citation.sentence) for chip in turn.chips] == [
            (1, "cited", FLIGHTS),
            (2, "cited", BOMBED),
        ]
        assert "tiny-chat" in shown(turn)


async def test_an_answer_that_does_not_hold_gives_way_to_the_readers_quotation() -> None:
    async with running() as pilot:
        turn = await answered(pilot, ZONES)
        assert turn.has_class("answered")
        assert str(turn.query(".answer").first().render()) == "bombardées"
        assert "so the built-in reader replied instead" in shown(turn)
        assert "✗ unsupported: the cited sentence does not give the number 80" in shown(turn)
        assert [(chip.number, chip.role) for chip in turn.chips] == [(1, "cited"), (2, "doubted")]
        await pilot.press("alt+2")
        await until(pilot, lambda: source(pilot)._parts[1] == FLIGHTS, "the sentence")
        assert source(pilot)._parts[2] == ""  # nothing of it is an answer
        assert "does not support" in str(pilot.app.screen.query_one("#source-title").render())


async def test_where_the_reader_finds_nothing_either_the_documents_do_not_say() -> None:
    async with running() as pilot:
        turn = await answered(pilot, TOWNS)
        assert turn.has_class("abstained")
        assert "The documents do not say." in shown(turn)
        assert "it was cut before its citation" in shown(turn)
        assert [(chip.number, chip.role) for chip in turn.chips] == [(1, "near"), (2, "near")]
        assert "80 sorties. [2]" in shown(turn)  # the number that its sentence has below the answer


async def test_a_model_may_say_that_the_documents_do_not_say() -> None:
    async with running() as pilot:
        turn = await answered(pilot, WEATHER)
        assert turn.has_class("abstained")
        assert not turn.query(".note, .unsupported")


async def test_an_answer_says_what_was_sent_where() -> None:
    async with running() as pilot:
        turn = await answered(pilot, ABROAD)
        assert "tiny-chat wrote at http://192.0.2.7:8080/v1" in shown(turn)


async def test_written_replies_of_a_kept_conversation_look_the_same() -> None:
    history = fixed_history()
    async with running(history=history) as pilot:
        turn = await answered(pilot, ZONES)
        before = shown(turn).replace("▸", " ")
        await pilot.press("ctrl+n", "ctrl+o")
        await until(pilot, lambda: pilot.app.screen.query(OptionList), "the list")
        await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 1, "the conversation")
        await pilot.press("down", "enter")
        await until(pilot, lambda: pilot.app.screen.query("Turn.answered"), "the turn")
        assert shown(pilot.app.screen.query("Turn").last()) == before  # type: ignore[arg-type]


@pytest.mark.parametrize("follows", [True, False])
async def test_what_comes_is_followed_unless_the_reader_scrolled_up(follows: bool) -> None:
    session = FakeSession()
    async with running(session, size=(70, 16)) as pilot:
        await answered(pilot, RAIDS)
        transcript = pilot.app.screen.query_one(Transcript)
        session.held.clear()
        await ask(pilot, RAIDS)
        await until(pilot, lambda: transcript.scroll_y == transcript.max_scroll_y > 0, "the end")
        if not follows:
            transcript.scroll_to(y=0, animate=False)
            await pilot.pause()
        session.held.set()
        await until(pilot, lambda: len(pilot.app.screen.query("Turn.answered")) == 2, "the answer")
        for _ in range(5):
            await pilot.pause()
        assert transcript.scroll_y == (transcript.max_scroll_y if follows else 0)
