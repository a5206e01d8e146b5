"""Citations and the source pane of the terminal UI, by their keys."""

import pytest
from fake_session import FLIGHTS, SORTIES, STRIKES, FakeSession
from tui import NARROW, answered, english, running, source, until

from assistant.tui.composer import Composer
from assistant.tui.source import SourcePane

__all__ = ["english"]  # a fixture


async def test_citations_are_chosen_by_tab_arrows_numbers_and_mouse() -> None:
    async with running() as pilot:
        await answered(pilot, SORTIES)
        turn = await answered(pilot, STRIKES)
        first, second = turn.chips
        await pilot.press("tab")
        assert first.has_focus
        await pilot.press("down")
        assert second.has_focus
        await until(pilot, lambda: second.has_class("-current"), "the source of the second")
        await pilot.press("up")
        assert first.has_focus
        await pilot.press("2")
        assert second.has_focus
        await pilot.press("tab")
        assert pilot.app.screen.query_one(Composer).has_focus
        await pilot.press("alt+1")
        assert first.has_focus
        await pilot.click(second)
        await until(pilot, lambda: second.has_class("-current"), "the source of the clicked one")


async def test_enter_opens_the_citation_in_the_source_also_where_that_is_hidden() -> None:
    async with running(size=NARROW) as pilot:
        await answered(pilot, SORTIES)
        pane = pilot.app.screen.query_one(SourcePane)
        assert not pane.display
        await pilot.press("tab", "enter")
        await until(pilot, lambda: pane.display and pane.query_one("#source-scroll").has_focus, "the source")
        await pilot.press("escape")
        assert not pane.display
        assert pilot.app.screen.query_one(Composer).has_focus
        await pilot.press("ctrl+t")
        assert pane.display


async def test_the_source_can_be_hidden_where_there_is_room() -> None:
    async with running() as pilot:
        pane = pilot.app.screen.query_one(SourcePane)
        assert pane.display
        await pilot.press("ctrl+t")
        assert not pane.display


@pytest.mark.parametrize(
    ("state", "warning"),
    [("changed", "has changed since it was indexed"), ("gone", "no longer there"), ("unknown", "no longer holds")],
)
async def test_a_source_that_is_not_what_was_indexed_says_so(state: str, warning: str) -> None:
    session = FakeSession()
    session.source_state = state
    async with running(session) as pilot:
        await answered(pilot, SORTIES)
        banner = pilot.app.screen.query_one("#source-warning")
        await until(pilot, lambda: warning in str(banner.render()), "the warning")
        assert banner.display
        highlighted = "".join(source(pilot)._parts[1:4])
        assert highlighted == ("" if state == "unknown" else FLIGHTS)
