"""What the screens look like: pytest tests/test_tui_snapshots.py --snapshot-update after a change that is meant."""

from collections.abc import Awaitable, Callable

import pytest
from fake_session import FOOTBALL, SORTIES, STRIKES, FakeSession, fixed_history
from readme_picture import PICTURE, picture
from textual.pilot import Pilot
from textual.widgets import OptionList
from tui import answered, ask, until

from assistant import messages
from assistant.errors import LibraryBroken
from assistant.tui.app import AssistantApp

Before = Callable[[Pilot[None], FakeSession], Awaitable[None]]
SIZES = {"80x24": (80, 24), "140x40": (140, 40)}
THEMES = ["assistant-dark", "assistant-light"]


async def empty(pilot: Pilot[None], session: FakeSession) -> None:
    await pilot.pause()


async def answering(pilot: Pilot[None], session: FakeSession) -> None:
    session.held.clear()
    turn = await ask(pilot, SORTIES)
    await until(pilot, lambda: "passages" in str(turn.query_one(".stages").render()), "the second stage")


async def answered_with_source(pilot: Pilot[None], session: FakeSession) -> None:
    await answered(pilot, SORTIES)
    turn = await answered(pilot, STRIKES)
    await until(pilot, lambda: turn.query("Chip.-current"), "the source")
    if pilot.app.screen.has_class("-narrow"):
        await pilot.press("ctrl+t")


async def abstained(pilot: Pilot[None], session: FakeSession) -> None:
    await answered(pilot, FOOTBALL)


async def error(pilot: Pilot[None], session: FakeSession) -> None:
    await pilot.pause()


async def history(pilot: Pilot[None], session: FakeSession) -> None:
    await answered(pilot, SORTIES)
    await pilot.press("ctrl+n")
    await answered(pilot, FOOTBALL)
    await pilot.press("ctrl+o")
    await until(pilot, lambda: pilot.app.screen.query(OptionList), "the list")
    await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 2, "both")


async def help_(pilot: Pilot[None], session: FakeSession) -> None:
    await pilot.press("f1")


def check_screen(snap_compare: Callable[..., bool], state: Before, size: str, theme: str, session: FakeSession) -> None:
    """Compare the screen once `state` has been brought about."""
    app = AssistantApp(session, fixed_history(), theme)  # type: ignore[arg-type]

    async def before(pilot: Pilot[None]) -> None:
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await state(pilot, session)
        await pilot.pause()

    try:
        assert snap_compare(app, terminal_size=SIZES[size], run_before=before)
    finally:
        session.held.set()


STATES = [empty, answering, answered_with_source, abstained, error, history, help_]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.strip("_"))
def test_screen(snap_compare: Callable[..., bool], state: Before, size: str, theme: str) -> None:
    messages.use("fr")
    broken = LibraryBroken(
        "the library in /home/ada/library is damaged: vectors-1.faiss is missing or damaged.",
        "Move /home/ada/library/library.db away and make it again: assistant index --library /home/ada/library PATH…",
    )
    session = FakeSession(opening=broken if state is error else None)
    check_screen(snap_compare, state, size, theme, session)


def test_the_picture_in_the_readme_is_what_the_screen_looks_like() -> None:
    assert PICTURE.read_text("utf-8") == picture(), "type: python tests/readme_picture.py"
