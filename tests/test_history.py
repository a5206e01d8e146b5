"""Conversations kept in SQLite: found, resumed, deleted, shared by two windows, refused when they cannot be used."""

import datetime
import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from fake_session import FOOTBALL, REPLIES, SORTIES, STRIKES, absent

from assistant import places
from assistant.errors import Unusable
from assistant.history import History


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.db"


def clock() -> datetime.datetime:
    clock.minute += 1  # type: ignore[attr-defined]
    return datetime.datetime(2026, 1, 1, 0, clock.minute, tzinfo=datetime.UTC)  # type: ignore[attr-defined]


@pytest.fixture
def history(place: Path) -> History:
    clock.minute = 0  # type: ignore[attr-defined]
    return History(place, clock)


def test_replies_come_back_whole_and_in_order(history: History, place: Path) -> None:
    replies = [REPLIES[SORTIES], REPLIES[STRIKES], absent(FOOTBALL)]
    for reply in replies:
        history.add("a", reply)
    history.close()
    assert History(place).replies("a") == replies


def test_nothing_is_written_before_the_first_reply(history: History, place: Path) -> None:
    History.new_id()
    assert not place.exists()


def test_the_list_names_the_first_question_and_begins_with_the_last_conversation(history: History) -> None:
    history.add("a", REPLIES[SORTIES])
    history.add("b", absent(FOOTBALL))
    history.add("a", REPLIES[STRIKES])
    assert [(kept.id, kept.title, kept.turns) for kept in history.find()] == [("a", SORTIES, 2), ("b", FOOTBALL, 1)]


def test_search_looks_at_questions_and_answers_whatever_the_accents(history: History) -> None:
    history.add("a", REPLIES[SORTIES])
    history.add("b", absent(FOOTBALL))
    assert [kept.id for kept in history.find("EFFECTUEES combien")] == ["a"]
    assert [kept.id for kept in history.find("64 sorties")] == ["a"]
    assert [kept.id for kept in history.find("gagne")] == ["b"]
    assert history.find("gagné combien") == []


def test_a_deleted_conversation_leaves_no_text_in_the_file(history: History, place: Path) -> None:
    history.add("a", REPLIES[SORTIES])
    history.add("b", absent(FOOTBALL))
    history.delete("a")
    assert [kept.id for kept in history.find()] == ["b"]
    assert history.replies("a") == []
    assert b"Combien" not in b"".join(file.read_bytes() for file in place.parent.iterdir())


def test_kept_nowhere_means_nowhere(home: Path) -> None:
    before = sorted(home.iterdir())
    history = History.kept_nowhere()
    history.add("a", REPLIES[SORTIES])
    assert len(history.find()) == 1
    assert sorted(home.iterdir()) == before


def test_the_users_history_is_in_the_users_directory() -> None:
    assert places.history_file().parent == places.user_directory()


def _write_many(place: Path, conversation: str) -> None:
    history = History(place)
    for _ in range(50):
        history.add(conversation, REPLIES[SORTIES])


def test_two_windows_at_once_lose_nothing(place: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    windows = [spawn.Process(target=_write_many, args=(place, name)) for name in ("a", "b", "b")]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
        assert window.exitcode == 0
    assert {kept.id: kept.turns for kept in History(place).find()} == {"a": 50, "b": 100}
    with sqlite3.connect(place) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


@pytest.mark.parametrize("bad", ["text", "foreign", "newer", "folder"])
def test_a_file_that_is_no_history_of_ours_is_left_alone(place: Path, bad: str) -> None:
    place.parent.mkdir()
    if bad == "text":
        place.write_text("not a database at all, but long enough to be mistaken for the beginning of one" * 9)
    elif bad == "folder":
        place.mkdir()
    else:
        database = sqlite3.connect(place)
        database.execute("PRAGMA application_id = 7" if bad == "foreign" else "PRAGMA user_version = 99")
        database.execute("CREATE TABLE precious (text)")
        database.close()
    before = place.read_bytes() if place.is_file() else b""
    with pytest.raises(Unusable, match="--no-history"):
        History(place).find()
    assert (place.read_bytes() if place.is_file() else b"") == before
