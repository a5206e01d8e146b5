"""Reading a library: what was stored is what comes back; damage is recognised; readers and a writer side by side."""

import resource
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import BagOfWords
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import outcome
from texts import any_text

from assistant import Library, places, update
from assistant.documents import Document
from assistant.errors import (
    AssistantError,
    LibraryBroken,
    LibraryMissing,
    LibraryOutdated,
    SourceUnknown,
    Unusable,
)
from assistant.indexing import build
from assistant.retrieval import retrieve
from assistant.sources import SourceSentence

TEXT = "Les frappes ont commencé à Alep. Elles ont repris en mai. Puis plus rien."


@pytest.fixture
def library_folder(folder: Path, bag_of_words: BagOfWords) -> Path:
    """A library of one text."""
    build(folder, [Document.from_text("a.txt", TEXT)], bag_of_words)
    return folder


@settings(max_examples=40)
@given(st.lists(any_text(), min_size=1, max_size=3))
def test_any_texts_come_back_as_they_were(texts: list[str]) -> None:
    folder = places.user_directory() / "any"
    shutil.rmtree(folder, ignore_errors=True)
    build(folder, [Document.from_text(f"{n}", text) for n, text in enumerate(texts)], BagOfWords())
    with Library.open(folder, BagOfWords()) as library:
        assert library.documents() == sorted(map(str, range(len(texts))))
        for name, text in enumerate(texts):
            assert library.text(str(name)) == text
            check_sentences(text, library.sentences(str(name)))
        with library.snapshot():
            passages = library.passages(range(1, len(library) + 1))
        for passage in passages:
            run = passage.sentences
            assert list(run) == library.sentences(passage.document, run[0].number, run[-1].number)
        focused = {passage.focused for passage in passages}
        assert len(focused) == len(passages) == len(library)
        assert {sentence for name in library.documents() for sentence in library.sentences(name)} >= focused
        assert retrieve(library, texts[0][:200], 1)


def check_sentences(text: str, sentences: list[SourceSentence]) -> None:
    assert [sentence.number for sentence in sentences] == list(range(1, len(sentences) + 1))
    end = 0
    for sentence in sentences:
        assert not text[end : sentence.start].strip()
        assert text[sentence.start : sentence.end] == sentence.text
        end = sentence.end
    assert not text[end:].strip()


def test_some_sentences_of_a_document(library_folder: Path, bag_of_words: BagOfWords) -> None:
    with Library.open(library_folder, bag_of_words) as library:
        assert [s.number for s in library.sentences("a.txt", 2)] == [2, 3]
        assert [s.text for s in library.sentences("a.txt", 2, 2)] == ["Elles ont repris en mai."]
        assert library.sentences("a.txt", 4, 10**30) == []
        assert len(library) == 3


def test_a_document_that_it_does_not_hold(library_folder: Path, bag_of_words: BagOfWords) -> None:
    with Library.open(library_folder, bag_of_words) as library:
        for look in (library.sentences, library.text):
            with pytest.raises(SourceUnknown, match=r"a\.txt"):
                look("b.txt")


def test_no_library(folder: Path) -> None:
    with pytest.raises(LibraryMissing, match=f"assistant index --library {folder}"):
        Library.open(folder)


def test_a_library_whose_first_update_failed_is_none(folder: Path, bag_of_words: BagOfWords) -> None:
    with pytest.raises(AssistantError):
        update(folder, [folder / "missing.txt"], bag_of_words)
    with pytest.raises(LibraryMissing):
        Library.open(folder, bag_of_words)


def execute(folder: Path, statement: str) -> None:
    database = sqlite3.connect(folder / "library.db")
    database.execute(statement)
    database.commit()
    database.close()


def ask(folder: Path) -> str:
    with Library.open(folder, BagOfWords()) as library:
        library.documents()
        return retrieve(library, "frappes Alep", 1)[0].passage.focused.text


def test_a_library_of_a_newer_version(library_folder: Path, bag_of_words: BagOfWords) -> None:
    execute(library_folder, "PRAGMA user_version = 99")
    for use in (ask, lambda folder: update(folder, embedder=bag_of_words)):
        with pytest.raises(LibraryOutdated, match="pip install --upgrade"):
            use(library_folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "library.db").write_text("not a database, though of some length" * 99),
        lambda folder: execute(folder, "PRAGMA application_id = 7"),
        lambda folder: execute(folder, "DROP TABLE meta"),
        lambda folder: execute(folder, "DELETE FROM meta"),
        lambda folder: execute(folder, "DELETE FROM meta WHERE key = 'generation'"),
        lambda folder: execute(folder, "DROP TABLE sources"),
        lambda folder: (folder / "vectors-1.faiss").unlink(),
        lambda folder: (folder / "vectors-1.faiss").write_bytes(b""),
        lambda folder: (folder / "vectors-1.faiss").write_bytes(b"IxF2" + bytes(99)),
        lambda folder: (folder / "vectors-1.faiss").write_bytes((folder / "vectors-1.faiss").read_bytes()[:-9]),
    ],
)
def test_damage_is_recognised(library_folder: Path, damage: Callable[[Path], object]) -> None:
    damage(library_folder)
    with pytest.raises((LibraryBroken, LibraryOutdated)) as caught:
        ask(library_folder)
    assert str(library_folder) in caught.value.what
    assert "assistant index --library" in caught.value.remedy


@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_truncated_database_is_recognised(library_folder: Path, tenths: int) -> None:
    path = library_folder / "library.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * tenths // 10])
    with pytest.raises(LibraryBroken):
        ask(library_folder)


def test_a_reader_sees_the_state_before_then_the_state_after(
    library_folder: Path, bag_of_words: BagOfWords, tmp_path: Path
) -> None:
    text = tmp_path / "new.txt"
    text.write_text("Les frappes d'Alep ont pris fin.")
    with Library.open(library_folder, bag_of_words) as reader:
        with reader.snapshot():
            before = retrieved(reader)
            update(library_folder, [text], bag_of_words)
            assert not (library_folder / "vectors-1.faiss").exists()
            assert retrieved(reader) == before == ["a.txt"]
            assert reader.documents() == ["a.txt"]
        assert retrieved(reader) == ["a.txt", "new.txt"]
        assert reader.documents() == ["a.txt", "new.txt"]


def test_a_reader_that_was_idle_while_a_writer_published(
    library_folder: Path, bag_of_words: BagOfWords, tmp_path: Path
) -> None:
    text = tmp_path / "new.txt"
    with Library.open(library_folder, bag_of_words) as reader:
        for number in range(3):
            text.write_text(f"Les frappes d'Alep, jour {number}.")
            update(library_folder, [text], bag_of_words)
            assert reader.text("new.txt") == text.read_text()
            assert retrieved(reader) == ["a.txt", "new.txt"]


def retrieved(library: Library) -> list[str]:
    return sorted({hit.passage.document for hit in retrieve(library, "frappes Alep", 9)})


@pytest.mark.parametrize("limit", [0, 1_000, 20_000, 40_000, 60_000])
def test_a_full_disk_leaves_the_library_as_it_was(
    library_folder: Path, bag_of_words: BagOfWords, tmp_path: Path, limit: int
) -> None:
    text = tmp_path / "new.txt"
    text.write_text("".join(f"La phrase {number} parle de la ville {number}.\n" for number in range(2000)))
    error = outcome(_update_with_a_limit, limit, library_folder, text)
    assert isinstance(error, Unusable), error
    assert str(library_folder) in error.what
    assert ask(library_folder) == "Les frappes ont commencé à Alep."
    update(library_folder, [text], bag_of_words)
    with Library.open(library_folder, bag_of_words) as library:
        assert library.documents() == ["a.txt", "new.txt"]
    assert {path.name for path in library_folder.iterdir()} == {"library.db", "vectors-2.faiss", "writing.lock"}


def _update_with_a_limit(limit: int, folder: Path, text: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # no file grows beyond it, as on a full disk
    update(folder, [text], BagOfWords())
