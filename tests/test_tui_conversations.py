"""Conversations kept, exported and copied in the terminal UI, and documents added from inside."""

import json
from pathlib import Path

import pytest
from fake_session import FLIGHTS, FOOTBALL, REPLIES, SORTIES, STRIKES, FakeSession, fixed_history
from textual.widgets import Input, OptionList, ProgressBar
from tui import answered, english, notes, running, shown, until

from assistant.errors import LibraryBroken
from assistant.history import History
from assistant.tui.adding import AddingScreen
from assistant.tui.chat import ChatScreen
from assistant.tui.conversations import ConversationsScreen
from assistant.tui.turn import Turn
from assistant.tui.updating import UpdatingScreen

__all__ = ["english"]  # a fixture

# Conversations


async def test_a_kept_conversation_is_found_resumed_and_deleted() -> None:
    session, history = FakeSession(), fixed_history()
    async with running(session, history) as pilot:
        await answered(pilot, SORTIES)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: not pilot.app.screen.query(Turn), "the empty conversation")
        await answered(pilot, FOOTBALL)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationsScreen), "the list")
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 2, "both")
        await pilot.press(*"sorties")
        await until(pilot, lambda: options.option_count == 1, "the one found")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: len(pilot.app.screen.query(Turn)) == 1, "the resumed turn")
        assert "64 sorties" in shown(pilot.app.screen.query_one(Turn))
        await answered(pilot, STRIKES)
        assert session.asked[-1][1] == (REPLIES[SORTIES],)
        assert sorted(kept.turns for kept in history.find()) == [1, 2]
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationsScreen), "the list")
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 2, "both")
        await pilot.press("tab", "delete")
        assert "again" in str(pilot.app.screen.query_one(".dialog-keys").render())
        await pilot.press("delete")
        await until(pilot, lambda: options.option_count == 1, "the one left")
        assert len(history.find()) == 1


async def test_an_unusable_history_is_told_and_does_not_stop_answers(tmp_path: Path) -> None:
    place = tmp_path / "history.db"
    place.write_text("not a database, whatever its name says; and long enough to be taken for one")
    async with running(history=History(place)) as pilot:
        assert "answered" in (await answered(pilot, SORTIES)).classes
        assert "--no-history" in notes(pilot)


async def test_copy_and_export_keep_the_citation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as pilot:
        await pilot.press("ctrl+y", "ctrl+s")
        assert "no answer to copy" in notes(pilot)
        assert "nothing to export" in notes(pilot)
        await answered(pilot, SORTIES)
        await pilot.press("ctrl+y")
        assert pilot.app.clipboard == f"64 sorties\n\narticle.txt:14 (2744–2801): {FLIGHTS}"
        delivered: list[tuple[str, str]] = []
        monkeypatch.setattr(
            pilot.app,
            "deliver_text",
            lambda file, save_filename: delivered.append((save_filename, file.read())),
        )
        await pilot.press("ctrl+s")
        await pilot.app.screen.run_action("export('json')")
        (markdown, as_markdown), (json_name, as_json) = delivered
        assert markdown == "combien-de-sorties-ont-été-effectuées-en-11-jours.md"
        assert "2744–2801" in as_markdown
        assert json_name.endswith(".json")
        assert json.loads(as_json)["turns"][0]["citations"][0]["start"] == 2744


# Documents


async def test_files_are_added_with_completion_and_progress(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "note.md").write_text("Une note.")
    session = FakeSession()
    async with running(session) as pilot:
        pilot.app.screen.action_add_documents()
        await until(pilot, lambda: isinstance(pilot.app.screen, AddingScreen), "the path")
        options = pilot.app.screen.query_one(OptionList)
        pilot.app.screen.query_one(Input).value = f"{tmp_path}/no"
        await until(pilot, lambda: options.option_count == 1, "the folder")
        await pilot.press("tab")
        assert pilot.app.screen.query_one(Input).value == f"{tmp_path}/notes/"
        await until(pilot, lambda: options.option_count and "note.md" in str(options.options[0].id), "the file")
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, UpdatingScreen), "the update")
        await until(pilot, lambda: "1 file added" in str(pilot.app.screen.query_one("#outcome").render()), "its end")
        assert session.updates == [[tmp_path / "notes" / "note.md"]]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen), "the chat")
        assert "2 documents" in str(pilot.app.screen.query_one("#welcome-library").render())


async def test_an_update_shows_progress_and_can_be_stopped() -> None:
    session = FakeSession()
    session.held.clear()
    async with running(session) as pilot:
        await pilot.press("ctrl+r")
        await until(pilot, lambda: pilot.app.screen.query_one(ProgressBar).progress == 2, "progress")
        await pilot.press("escape")
        assert session.stopped
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen), "the chat")


async def test_an_update_that_fails_says_why() -> None:
    session = FakeSession()
    session.updating = LibraryBroken("cannot read note.bin.", "Give a text file.")
    async with running(session) as pilot:
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "note.bin" in str(pilot.app.screen.query_one("#outcome").render()), "the reason")
