"""Chat models in the terminal UI: what they write as it comes, cancelling, crashing, choosing, and their screens.

Where a model runs it is a real one in a process of its own; where only the look of a reply matters it is a stand-in.
"""

import contextlib
import shlex
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import command
from fake_session import (
    ABROAD,
    RAIDS,
    SORTIES,
    ZONES,
    FakeSession,
    fixed_history,
)
from fakes import InterruptedEngine
from test_tui_snapshots import SIZES, THEMES, Before, check_screen
from test_tui_terminal import Terminal, eventually, terminal
from textual.pilot import Pilot
from textual.widgets import Input, OptionList
from tiny_models import random_model, scripted_model, truncated_model
from tui import answered, ask, english, notes, running, shown, source, until

from assistant import catalogue, messages
from assistant.indexing import update
from assistant.session import Session
from assistant.tui.choosing import ChoosingScreen
from assistant.tui.command import engine_maker
from assistant.tui.composer import Composer
from assistant.tui.title import Title
from assistant.worker import LocalEngine

__all__ = ["english", "terminal"]  # fixtures

QUAYS = "Combien de quais compte le port de Brest ?"
RIGHT, WRONG = "Le port de Brest compte trois quais.", "En 1850, quatre ponts y brillaient"
SCRIPT = f"{RIGHT} [1] {WRONG} [1]."
# Enough for its process to be still at work when it gets a signal after the first piece.
_GRUES = (f"Au bassin {each} " + f"une grue {each} rouille, " * 9 + f"dit-on du {each}" for each in "WXYZ")
LONG = " [1] ".join([RIGHT, *_GRUES]) + " [1]."
UNSUPPORTED = "✗ unsupported: the cited sentence does not give the number 1850"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of one sentence, so that a model's [1] is that one."""
    folder = tmp_path_factory.mktemp("port")
    (folder / "port.txt").write_text("Le port de Brest compte trois quais.", "utf-8")
    update(folder / "library", [folder / "port.txt"])
    return folder / "library"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scripted_model(tmp_path_factory.mktemp("models") / "parrot.gguf", SCRIPT)


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scripted_model(tmp_path_factory.mktemp("models") / "talker.gguf", LONG)


@pytest.fixture
def sessions() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def opened(sessions: contextlib.ExitStack, library: Path, make_engine: Callable[[], LocalEngine] | None) -> Session:
    session = Session(library, make_engine)
    sessions.callback(session.close)
    return session


def title(pilot: Pilot[None]) -> str:
    return str(pilot.app.query_one(Title).render())


async def choose(pilot: Pilot[None], typed: str) -> None:
    """Type a model's name in the picker."""
    await pilot.press("f2")
    await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen), "the picker")
    pilot.app.screen.query_one("#model", Input).focus()
    pilot.app.screen.query_one("#model", Input).value = typed
    await pilot.press("enter")


# A real model


async def test_what_a_model_writes_streams_and_is_then_replaced_by_what_was_checked(
    sessions: contextlib.ExitStack, port: Path, model: Path
) -> None:
    session = opened(sessions, port, lambda: LocalEngine(model))
    async with running(session) as pilot:  # type: ignore[arg-type]
        await until(pilot, lambda: title(pilot) == "assistant · parrot", "the model")
        turn = await answered(pilot, QUAYS)
        assert turn.draft == SCRIPT
        assert not turn.query(".draft")
        assert f"{RIGHT} [1]" in shown(turn)
        assert f"{WRONG} [1]\n{UNSUPPORTED}" in shown(turn)
        assert [(chip.number, chip.role) for chip in turn.chips] == [(1, "cited")]
        await until(pilot, lambda: "".join(source(pilot)._parts) == RIGHT, "the source")
        assert pilot.app.screen.replies[0].answer == RIGHT


async def test_esc_ends_the_writing_at_once_even_of_a_model_that_does_not_listen(
    sessions: contextlib.ExitStack, port: Path, talker: Path
) -> None:
    session = opened(sessions, port, lambda: InterruptedEngine(talker, signal.SIGSTOP))
    history = fixed_history()
    async with running(session, history) as pilot:  # type: ignore[arg-type]
        turn = await ask(pilot, QUAYS)
        await until(pilot, lambda: turn.has_class("writing"), "the draft")
        draft = turn.draft
        assert LONG.startswith(draft)
        assert "writing, not checked yet" in str(turn.query_one(".stages").render())
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen.query_one(Composer).text == QUAYS, "the question")
        assert "nothing of it was kept" in shown(turn)
        assert draft not in shown(turn)
        assert (pilot.app.screen.replies, history.find()) == ([], [])
        await pilot.press("enter")
        await until(pilot, lambda: len(pilot.app.screen.query("Turn.answered")) == 1, "the answer of another process")


async def test_a_model_that_was_killed_is_a_message_in_the_conversation(
    sessions: contextlib.ExitStack, port: Path, talker: Path
) -> None:
    session = opened(sessions, port, lambda: InterruptedEngine(talker, signal.SIGKILL))
    async with running(session) as pilot:  # type: ignore[arg-type]
        turn = await answered(pilot, QUAYS)
        assert turn.has_class("failed")
        assert "was killed, as the system does when memory runs out" in shown(turn)
        assert "choose a smaller model" in shown(turn)
        assert pilot.app.screen.query_one(Composer).text == QUAYS
        assert RIGHT in shown(await answered(pilot, QUAYS))


async def test_a_broken_model_is_refused_and_the_one_before_stays(
    sessions: contextlib.ExitStack, port: Path, model: Path, tmp_path: Path
) -> None:
    session = opened(sessions, port, lambda: LocalEngine(model))
    async with running(session) as pilot:  # type: ignore[arg-type]
        await until(pilot, lambda: "parrot" in title(pilot), "the model")
        await choose(pilot, str(truncated_model(tmp_path)))
        await until(pilot, lambda: "truncated.gguf" in notes(pilot), "the error")
        await until(pilot, lambda: title(pilot) == "assistant · parrot", "the model before")
        assert RIGHT in shown(await answered(pilot, QUAYS))


async def test_a_model_is_chosen_and_the_reader_again(sessions: contextlib.ExitStack, port: Path, model: Path) -> None:
    session = opened(sessions, port, None)
    async with running(session) as pilot:  # type: ignore[arg-type]
        await until(pilot, lambda: title(pilot) == "assistant · built-in reader", "the reader")
        await choose(pilot, str(model))
        await until(pilot, lambda: title(pilot) == "assistant · parrot", "the model")
        assert f"{WRONG} [1]" in shown(await answered(pilot, QUAYS))
        await pilot.press("f2", "enter")  # the reader is the first of the list
        await until(pilot, lambda: title(pilot) == "assistant · built-in reader", "the reader")
        assert WRONG not in shown(await answered(pilot, QUAYS))


def test_the_command_and_the_environment_name_a_model(terminal: Terminal, article_library: Path, model: Path) -> None:
    start = shlex.join(command("--library", article_library, "--lang", "en", "--no-history"))
    terminal.type(f"{start} --model {model}", "Enter")
    terminal.wait("assistant · parrot")
    terminal.press("C-q")
    eventually(terminal.screen, lambda screen: "parrot.gguf" in screen and "·" not in screen)
    terminal.type(f"clear; ASSISTANT_MODEL=nonesuch.gguf {start}", "Enter")
    terminal.wait("no model file nonesuch.gguf")
    terminal.type("q")
    eventually(terminal.screen, lambda screen: "no model file" not in screen)
    terminal.type("clear; echo still a $((40 + 2))", "Enter")
    terminal.wait("still a 42")


def test_a_server_that_was_named_is_asked_only_when_there_is_a_question() -> None:
    make = engine_maker("openai:qwen", "http://127.0.0.1:1/v1")
    assert make is not None
    engine = make()
    assert (engine.name, engine.place) == ("qwen", "http://127.0.0.1:1/v1")
    engine.close()


# The picker


async def test_models_that_were_pulled_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    pulled = catalogue.cards()[0]
    pulled.source.path.parent.mkdir(parents=True)
    shutil.copy(random_model(tmp_path), pulled.source.path)
    session = FakeSession()
    async with running(session) as pilot:
        await pilot.press("f2")
        await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 2, "the list")
        assert [str(option.id) for option in pilot.app.screen.query_one(OptionList).options] == ["reader", pulled.name]
        await pilot.press("down", "enter")
        await until(pilot, lambda: title(pilot) == f"assistant · {pulled.name}", "the model")
        assert session.engine is not None
        session.engine.close()


async def test_a_server_is_asked_for_its_address_and_the_title_says_where_it_is() -> None:
    session = FakeSession()
    async with running(session) as pilot:
        await choose(pilot, "openai:qwen")
        server = pilot.app.screen.query_one("#server", Input)
        assert server.display
        assert server.has_focus
        server.value = "http://127.0.0.1:1/v1"
        await pilot.press("enter")
        await until(pilot, lambda: title(pilot) == "assistant · qwen at http://127.0.0.1:1/v1", "the server")
        assert session.engine is not None
        session.engine.close()


async def test_a_name_that_is_no_model_says_what_to_type() -> None:
    async with running() as pilot:
        await choose(pilot, "qwem")
        await until(pilot, lambda: "no model is called qwem" in notes(pilot), "the error")
        assert "assistant models list" in notes(pilot)
        assert title(pilot) == "assistant · built-in reader"


async def test_another_model_is_not_chosen_while_one_is_loaded(model: Path) -> None:
    session = FakeSession()
    session.held.clear()
    async with running(session) as pilot:
        await choose(pilot, str(model))
        await until(pilot, lambda: title(pilot) == f"assistant · loading {model}…", "the loading")
        await pilot.press("f2")
        assert "A model is being loaded" in notes(pilot)
        session.held.set()
        await until(pilot, lambda: title(pilot) == "assistant · parrot", "the model")
        assert session.engine is not None
        session.engine.close()


async def test_esc_leaves_the_picker_with_the_model_as_it_was() -> None:
    async with running() as pilot:
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen), "the picker")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ChoosingScreen), "the chat")
        assert title(pilot) == "assistant · built-in reader"


# Screens


async def writing(pilot: Pilot[None], session: FakeSession) -> None:
    session.held.clear()
    turn = await ask(pilot, ABROAD)
    await until(pilot, lambda: "calmes" in shown(turn), "the draft")


async def checked(pilot: Pilot[None], session: FakeSession) -> None:
    turn = await answered(pilot, RAIDS)
    await until(pilot, lambda: turn.query("Chip.-current"), "the source")


async def fallen_back(pilot: Pilot[None], session: FakeSession) -> None:
    await answered(pilot, SORTIES)
    turn = await answered(pilot, ZONES)
    await until(pilot, lambda: turn.query("Chip.-current"), "the source")


async def choosing(pilot: Pilot[None], session: FakeSession) -> None:
    await pilot.press("f2")
    await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 3, "the list")
    pilot.app.screen.query_one("#model", Input).value = "openai:qwen"
    await pilot.pause()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", [writing, checked, fallen_back, choosing], ids=lambda state: state.__name__)
def test_screen(
    snap_compare: Callable[..., bool],
    state: Before,
    size: str,
    theme: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages.use("fr")
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    for card in catalogue.cards()[:2]:
        card.source.path.parent.mkdir(parents=True, exist_ok=True)
        card.source.path.touch()
    check_screen(snap_compare, state, size, theme, FakeSession())
