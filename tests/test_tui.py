"""Asking, cancelling, typing and finding one's way in the terminal UI, on a session that always answers the same."""

import pytest
from fake_session import ARTICLE, FLIGHTS, FOOTBALL, REPLIES, SORTIES, STRIKES, FakeSession, fixed_history
from textual.widgets import ProgressBar
from tui import TINY, answered, ask, english, notes, running, shown, source, until

from assistant import messages
from assistant.errors import BadQuestion, LibraryBroken, LibraryMissing
from assistant.tui.adding import AddingScreen
from assistant.tui.chat import ChatScreen
from assistant.tui.chip import Chip
from assistant.tui.commands import commands
from assistant.tui.composer import Composer
from assistant.tui.help import HelpScreen
from assistant.tui.source import SourcePane
from assistant.tui.transcript import Transcript
from assistant.tui.trouble import TroubleScreen
from assistant.tui.updating import UpdatingScreen

__all__ = ["english"]  # a fixture

# Asking


async def test_a_question_is_answered_with_its_source_beside_it() -> None:
    async with running() as pilot:
        turn = await answered(pilot, SORTIES)
        assert "64 sorties" in shown(turn)
        assert "article.txt, sentence 14" in shown(turn)
        await until(pilot, lambda: "".join(source(pilot)._parts), "the source")
        before, opening, quote, closing, after = source(pilot)._parts
        assert before + opening + quote + closing + after == ARTICLE
        assert opening + quote + closing == FLIGHTS
        assert quote == "64 sorties"


async def test_the_sentence_is_scrolled_into_view() -> None:
    async with running(size=(100, 20)) as pilot:
        await answered(pilot, SORTIES)
        await until(pilot, lambda: pilot.app.screen.query_one("#source-scroll").scroll_y > 0, "scrolling")
        scroll = pilot.app.screen.query_one("#source-scroll")
        line = source(pilot).line_of_sentence()
        assert scroll.scroll_y <= line < scroll.scroll_y + scroll.size.height


async def test_stages_are_shown_while_a_question_is_answered() -> None:
    session = FakeSession()
    session.held.clear()
    async with running(session) as pilot:
        turn = await ask(pilot, SORTIES)
        await until(pilot, lambda: "8 passages found" in shown(turn), "the second stage")
        assert "● reading" in shown(turn)
        session.held.set()
        await until(pilot, lambda: "answered" in turn.classes, "the answer")


async def test_a_follow_up_shows_the_completed_question_and_gets_the_turns_before() -> None:
    session = FakeSession()
    async with running(session) as pilot:
        await answered(pilot, SORTIES)
        turn = await answered(pilot, STRIKES)
        assert f"Understood as: {SORTIES} 64 sorties. {STRIKES}" in shown(turn)
        assert session.asked[1] == (STRIKES, (REPLIES[SORTIES],))
        assert [chip.number for chip in turn.chips] == [1, 2]  # the sentence cited before keeps its number


async def test_an_abstention_offers_the_nearest_sentences_and_cites_none() -> None:
    async with running() as pilot:
        await answered(pilot, SORTIES)
        turn = await answered(pilot, FOOTBALL)
        assert "abstained" in turn.classes
        assert "The documents do not say." in shown(turn)
        assert [(chip.number, chip.role) for chip in turn.chips] == [(1, "near"), (2, "near")]
        assert pilot.app.screen.query_one(SourcePane).has_class("-empty")
        await pilot.press("2")  # typed into the question, which has the focus
        assert pilot.app.screen.query_one(Composer).text == "2"
        await pilot.press("alt+2")
        await until(pilot, lambda: source(pilot)._parts[1] == FLIGHTS, "the near sentence")
        assert source(pilot)._parts[2] == ""  # nothing of it is quoted


async def test_a_question_typed_before_the_library_is_open_is_asked_then() -> None:
    session = FakeSession()
    session.opened.clear()
    async with running(session) as pilot:
        assert pilot.app.screen.query_one(ProgressBar).has_class("-running")
        turn = await ask(pilot, SORTIES)
        await until(pilot, lambda: "opening the library" in shown(turn), "the first stage")
        session.opened.set()
        await until(pilot, lambda: "answered" in turn.classes, "the answer")


async def test_a_second_question_waits_for_the_first() -> None:
    session = FakeSession()
    session.held.clear()
    async with running(session) as pilot:
        await ask(pilot, SORTIES)
        await ask(pilot, FOOTBALL)
        assert len(session.asked) == 1
        assert pilot.app.screen.query_one(Composer).text == FOOTBALL
        assert "Esc cancels" in notes(pilot)
        session.held.set()


async def test_text_from_outside_cannot_act_on_the_terminal() -> None:
    async with running() as pilot:
        turn = await answered(pilot, "Qui \x1b[31m[bold]a dit \u202etxet ?")
        assert "\x1b" not in shown(turn)
        assert "\u202e" not in shown(turn)
        assert "[bold]a dit" in shown(turn)


# Cancelling and failing


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_cancelling_discards_all_and_gives_the_question_back(key: str) -> None:
    session, history = FakeSession(), fixed_history()
    session.held.clear()
    async with running(session, history) as pilot:
        turn = await ask(pilot, SORTIES)
        await until(pilot, lambda: session.asked, "the asking")
        await pilot.press(key)
        await until(pilot, lambda: "cancelled" in turn.classes, "the cancelling")
        assert "nothing of it was kept" in shown(turn)
        assert pilot.app.screen.query_one(Composer).text == SORTIES
        session.held.set()
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert "answered" not in turn.classes
        assert pilot.app.screen.replies == []
        assert history.find() == []
        assert "answered" in (await answered(pilot, SORTIES)).classes
        assert session.asked[-1] == (SORTIES, ())


async def test_ctrl_c_with_nothing_to_stop_says_how_to_quit() -> None:
    async with running() as pilot:
        await pilot.press("ctrl+c")
        assert "Ctrl+Q quits" in notes(pilot)


async def test_a_question_that_cannot_be_asked_says_why() -> None:
    async with running(FakeSession(asking=BadQuestion("the question is too long.", "Ask less."))) as pilot:
        turn = await answered(pilot, SORTIES)
        assert "failed" in turn.classes
        assert "the question is too long." in shown(turn)
        assert "Ask less." in shown(turn)
        assert pilot.app.screen.query_one(Composer).text == SORTIES


async def test_an_unforeseen_fault_is_told_without_a_traceback() -> None:
    async with running(FakeSession(asking=RuntimeError("odd"))) as pilot:
        turn = await ask(pilot, SORTIES)
        await until(pilot, lambda: "failed" in turn.classes, "the failure")
        assert "RuntimeError: odd" in shown(turn)


async def test_unforeseen_faults_elsewhere_are_told_too() -> None:
    session = FakeSession(opening=RuntimeError("odd"))
    session.updating = RuntimeError("odd too")
    async with running(session) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, TroubleScreen), "the screen")
        assert "RuntimeError: odd" in str(pilot.app.screen.query("Static")[1].render())
        session.opening = None
        await pilot.press("r", "ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, UpdatingScreen), "the update")
        await until(pilot, lambda: "odd too" in str(pilot.app.screen.query_one("#outcome").render()), "the fault")


@pytest.mark.parametrize(
    ("error", "headline"),
    [
        (LibraryMissing("no library in x.", "Type: assistant index x"), "There is no library here yet"),
        (LibraryBroken("x is damaged.", "Type: assistant index x"), "The library is damaged"),
    ],
)
async def test_trouble_at_the_start_says_what_to_type_and_can_be_tried_again(
    error: LibraryMissing, headline: str
) -> None:
    session = FakeSession(opening=error)
    async with running(session) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, TroubleScreen), "the screen")
        texts = [str(widget.render()) for widget in pilot.app.screen.query("Static")]
        assert texts[:3] == [headline, error.what, error.remedy]
        session.opening = None
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen), "the chat")
        assert "answered" in (await answered(pilot, SORTIES)).classes


# Typing


async def test_up_and_down_bring_back_questions_and_ctrl_j_begins_a_line() -> None:
    async with running() as pilot:
        await answered(pilot, SORTIES)
        await answered(pilot, FOOTBALL)
        composer = pilot.app.screen.query_one(Composer)
        await pilot.press("d", "up")
        assert composer.text == FOOTBALL
        await pilot.press("up")
        assert composer.text == SORTIES
        await pilot.press("up", "down", "down")
        assert composer.text == "d"
        await pilot.press("ctrl+j", "e")
        assert composer.text == "d\ne"


async def test_blank_questions_are_not_sent() -> None:
    session = FakeSession()
    async with running(session) as pilot:
        await pilot.press("space", "enter")
        assert session.asked == []


# Finding one's way


async def test_the_palette_and_the_help_have_every_action() -> None:
    async with running() as pilot:
        palette = {command.title: command.help for command in pilot.app.get_system_commands(pilot.app.screen)}
        for command in commands():
            assert command.action == "app.command_palette" or palette[command.title] == command.help
        await pilot.press("f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        text = "\n".join(str(widget.render()) for widget in pilot.app.screen.query("Static"))
        assert all(command.help in text for command in commands())
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, ChatScreen)


async def test_an_action_runs_from_the_palette() -> None:
    async with running() as pilot:
        await pilot.press("ctrl+p", *"add files")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AddingScreen), "the action")


async def test_ctrl_q_quits() -> None:
    async with running() as pilot:
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert not pilot.app.is_running


async def test_every_screen_fits_a_tiny_terminal() -> None:
    async with running(size=TINY) as pilot:
        await answered(pilot, SORTIES)
        transcript = pilot.app.screen.query_one(Transcript)
        assert transcript.size.height >= 5
        assert pilot.app.screen.query_one(Composer).region.bottom <= TINY[1]
        for action in ("show_help", "show_conversations", "add_documents", "toggle_source", "update_library"):
            await pilot.app.screen.run_action(action)
            await pilot.pause()
            assert all(widget.region.right <= TINY[0] for widget in pilot.app.screen.query(".dialog"))
            await pilot.press("escape")
            await pilot.pause()


async def test_the_screen_speaks_french() -> None:
    messages.use("fr")
    async with running() as pilot:
        turn = await answered(pilot, FOOTBALL)
        assert "Les documents ne le disent pas." in shown(turn)
        assert "phrase 20" in shown(turn)
        assert pilot.app.screen.query_one(Composer).placeholder == "Tapez une question, puis Entrée"


async def test_chips_say_what_they_are_without_colour() -> None:
    async with running() as pilot:
        turn = await answered(pilot, FOOTBALL)
        assert str(turn.query(Chip).first().render()).strip().startswith("≈1")
        sentence = source(pilot).get_visual_style("source-text--sentence")
        quote = source(pilot).get_visual_style("source-text--quote")
        assert sentence.underline
        assert quote.bold
