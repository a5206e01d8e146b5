"""The core as a face uses it, on the real library of the shipped article."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SORTIES

from assistant import Library, Reply, messages, places
from assistant.conversation import Conversation, Retrieved
from assistant.errors import DocumentUnreadable, LibraryMissing, Unusable
from assistant.indexing import update
from assistant.session import Session, open_or_make


def unwatched(_done: int, _todo: int) -> None: ...


@pytest.fixture
def session(article_copy: Path) -> Iterator[Session]:
    session = Session(article_copy)
    session.open(unwatched)
    yield session
    session.close()


def ask(session: Session, question: str, turns: tuple[Reply, ...] = ()) -> Reply:
    found, reply = session.ask(question, turns)
    assert isinstance(found, Retrieved)
    assert isinstance(reply, Reply)
    return reply


def test_it_answers_as_a_conversation_does(session: Session, article_library: Path) -> None:
    with Library.open(article_library) as library:
        expected = Conversation(library).answer(SORTIES)
    reply = ask(session, SORTIES)
    assert (reply.answer, reply.citations) == (expected.answer, expected.citations)


def test_follow_ups_are_completed_from_the_turns_given(session: Session) -> None:
    first = ask(session, SORTIES)
    assert first.completed is None
    assert (ask(session, "Et combien de frappes ?", (first,)).completed or "").startswith(SORTIES)
    assert ask(session, "Et combien de frappes ?").completed is None


def test_an_asking_given_up_leaves_the_session_usable(session: Session) -> None:
    stages = session.ask(SORTIES, ())
    next(stages)
    stages.close()  # type: ignore[attr-defined]
    assert ask(session, SORTIES).answered


def test_the_source_is_the_document_around_the_citation(session: Session) -> None:
    citation = ask(session, SORTIES).citations[0]
    source = session.source(citation)
    assert source.text[citation.start - source.offset : citation.end - source.offset] == citation.sentence
    assert source.state == "same"


def test_a_source_that_changed_or_vanished_or_was_replaced_is_told(tmp_path: Path) -> None:
    file = Path(shutil.copy(places.shipped("seeds/article.txt"), tmp_path / "mine.txt"))
    update(tmp_path / "library", [file])
    session = Session(tmp_path / "library")
    session.open(unwatched)
    citation = ask(session, SORTIES).citations[0]
    assert session.source(citation).state == "same"
    text = file.read_text("utf-8")
    file.write_text("Au début. " + text, "utf-8")
    assert session.source(citation).state == "changed"
    assert citation.sentence in session.source(citation).text
    summary, _documents = session.update([], unwatched)
    assert summary.changed == 1
    assert session.source(citation).state == "unknown"
    assert session.source(citation).text == ""
    file.unlink()
    assert session.source(ask(session, SORTIES).citations[0]).state == "gone"
    session.close()


def test_documents_are_added_in_another_process_with_progress(session: Session, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("Le port de Brest est fermé depuis lundi.", "utf-8")
    told: list[tuple[int, int]] = []
    summary, documents = session.update([tmp_path / "note.md"], lambda done, todo: told.append((done, todo)))
    assert summary.added == 1
    assert documents == ["article.txt", "note.md"]
    assert told
    assert told[-1][0] == told[-1][1]
    assert "Brest" in (ask(session, "Quel port est fermé depuis lundi ?").answer or "")


def test_what_goes_wrong_in_the_other_process_is_told_here(session: Session, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\0\0\0")
    with pytest.raises(DocumentUnreadable, match=r"bad\.txt"):
        session.update([tmp_path / "bad.txt"], unwatched)


def test_the_other_process_speaks_the_language_of_this_one(session: Session, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\0\0\0")
    messages.use("fr")
    with pytest.raises(DocumentUnreadable, match="impossible de lire") as caught:
        session.update([tmp_path / "bad.txt"], unwatched)
    assert caught.value.remedy.endswith("assistant index PATH…")


def test_an_update_that_is_stopped_leaves_the_library_as_it_was(session: Session, tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("Une phrase de plus. " * 20_000, "utf-8")
    with pytest.raises(Unusable, match="stopped"):
        session.update([tmp_path / "many.txt"], lambda _done, _todo: session.stop_update())
    assert ask(session, SORTIES).answered
    with Library.open(session._asked.folder) as library:
        assert library.documents() == ["article.txt"]


def test_only_the_default_library_is_made(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing):
        open_or_make(tmp_path / "none", lambda folder, paths: pytest.fail("made one"))
