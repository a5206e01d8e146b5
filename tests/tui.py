"""The terminal UI under test: running on a session that always answers the same, asked and looked at."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from fake_session import FakeSession, fixed_history
from textual.pilot import Pilot

from assistant import messages
from assistant.history import History
from assistant.tui.app import AssistantApp
from assistant.tui.composer import Composer
from assistant.tui.source import SourceText
from assistant.tui.turn import Turn

WIDE, NARROW, TINY = (140, 40), (80, 24), (40, 12)


@pytest.fixture(autouse=True)
def english() -> None:
    messages.use("en")


@asynccontextmanager
async def running(
    session: FakeSession | None = None, history: History | None = None, size: tuple[int, int] = WIDE
) -> AsyncIterator[Pilot[None]]:
    app = AssistantApp(session or FakeSession(), history or fixed_history())  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


async def until(pilot: Pilot[None], true: Callable[[], object], what: str = "") -> None:
    """Wait for what threads bring about."""
    for _ in range(500):
        await pilot.pause()
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never came: {what or true}")


async def ask(pilot: Pilot[None], question: str) -> Turn:
    composer = pilot.app.screen.query_one(Composer)
    composer.focus()
    composer.text = question
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.screen.query(Turn), "the turn")
    return pilot.app.screen.query(Turn).last()


async def answered(pilot: Pilot[None], question: str) -> Turn:
    turn = await ask(pilot, question)
    await until(pilot, lambda: "asking" not in turn.classes, "the end of the turn")
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    return turn


def shown(turn: Turn) -> str:
    return "\n".join(str(widget.render()) for widget in turn.children)


def source(pilot: Pilot[None]) -> SourceText:
    return pilot.app.screen.query_one(SourceText)


def notes(pilot: Pilot[None]) -> str:
    return "\n".join(note.message for note in pilot.app._notifications)
