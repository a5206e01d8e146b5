"""What an update of a library does: which files are added, changed, removed; what it refuses, leaving all as it was."""

import os
import sqlite3
from dataclasses import astuple
from pathlib import Path

import pytest
from fakes import BagOfWords
from processes import become_nobody, outcome

from assistant import Library, update
from assistant.documents import Document
from assistant.errors import AssistantError, DocumentUnreadable, LibraryOutdated, NothingToIndex, Unusable
from assistant.indexing import Summary, build
from assistant.retrieval import retrieve

ALEP = "Les frappes ont commencé à Alep. Elles ont repris en mai."
HAMA = "La ville de Hama est calme. Le marché a rouvert."


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder of two documents."""
    return written(tmp_path / "texts", {"a.txt": ALEP, "b.md": HAMA})


def written(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def counts(summary: Summary) -> tuple[int, ...]:
    """Added, changed, removed, unchanged, duplicates."""
    return astuple(summary)[:5]


def contents(folder: Path, embedder: BagOfWords) -> dict[str, str]:
    """The library's texts by name, after a check that all its parts agree."""
    with Library.open(folder, embedder) as library, library.snapshot():
        vectors = library._vectors.ntotal if library._vectors else 0
        for table in ("postings", "passages"):
            assert library._database.execute(f"SELECT count(*) FROM {table}").fetchone() == (len(library),)
        assert vectors == len(library)
        return {name: library.text(name) for name in library.documents()}


def test_new_files_are_added(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    assert counts(update(folder, [texts], bag_of_words)) == (2, 0, 0, 0, 0)
    assert contents(folder, bag_of_words) == {"a.txt": ALEP, "b.md": HAMA}


def test_unchanged_files_are_skipped(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts], bag_of_words)
    generation = sorted(path.name for path in folder.glob("vectors-*"))
    bag_of_words.encoded.clear()
    assert counts(update(folder, [texts], bag_of_words)) == (0, 0, 0, 2, 0)
    assert bag_of_words.encoded == []
    assert sorted(path.name for path in folder.glob("vectors-*")) == generation


def test_only_a_changed_file_is_embedded_again(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts], bag_of_words)
    bag_of_words.encoded.clear()
    written(texts, {"b.md": "Hama a changé."})
    assert counts(update(folder, [texts], bag_of_words)) == (0, 1, 0, 1, 0)
    assert bag_of_words.encoded == ["Hama a changé."]
    assert contents(folder, bag_of_words) == {"a.txt": ALEP, "b.md": "Hama a changé."}


def test_a_vanished_file_answers_no_more(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts], bag_of_words)
    (texts / "a.txt").unlink()
    assert counts(update(folder, [texts], bag_of_words)) == (0, 0, 1, 1, 0)
    with Library.open(folder, bag_of_words) as library:
        assert {hit.passage.document for hit in retrieve(library, "frappes Alep", 9)} == {"b.md"}


def test_without_paths_everything_is_brought_up_to_date(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    other = written(folder.parent / "other", {"c.txt": "Un troisième texte."})
    update(folder, [texts], bag_of_words)
    update(folder, [other / "c.txt"], bag_of_words)
    (texts / "a.txt").unlink()
    written(texts, {"d.txt": "Un nouveau texte."})
    assert counts(update(folder, embedder=bag_of_words)) == (1, 0, 1, 2, 0)
    assert list(contents(folder, bag_of_words)) == ["b.md", "c.txt", "d.txt"]


def test_other_paths_files_stay(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts / "a.txt"], bag_of_words)
    assert counts(update(folder, [texts / "b.md"], bag_of_words)) == (1, 0, 0, 0, 0)
    assert list(contents(folder, bag_of_words)) == ["a.txt", "b.md"]


def test_equal_texts_are_stored_once_under_both_names(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    written(texts, {"copy.txt": ALEP})
    assert counts(update(folder, [texts], bag_of_words)) == (3, 0, 0, 0, 1)
    assert sorted(bag_of_words.encoded) == sorted(set(bag_of_words.encoded))
    with Library.open(folder, bag_of_words) as library:
        assert library.text("a.txt") == library.text("copy.txt") == ALEP


def test_one_of_two_equal_texts_may_go(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    written(texts, {"copy.txt": ALEP})
    update(folder, [texts], bag_of_words)
    (texts / "a.txt").unlink()
    assert counts(update(folder, [texts], bag_of_words)) == (0, 0, 1, 2, 0)
    assert contents(folder, bag_of_words) == {"b.md": HAMA, "copy.txt": ALEP}


def test_files_that_swap_their_texts(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts], bag_of_words)
    bag_of_words.encoded.clear()
    written(texts, {"a.txt": HAMA, "b.md": ALEP})
    assert counts(update(folder, [texts], bag_of_words)) == (0, 2, 0, 0, 2)
    assert bag_of_words.encoded == []
    assert contents(folder, bag_of_words) == {"a.txt": HAMA, "b.md": ALEP}


def test_equal_names_are_told_apart_by_their_folders(tmp_path: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    written(tmp_path, {"x/n/a.txt": "Un.", "y/n/a.txt": "Deux.", "z/a.txt": "Trois."})
    paths = [tmp_path / "x" / "n" / "a.txt", tmp_path / "y" / "n", tmp_path / "z"]
    for path in paths:
        update(folder, [path], bag_of_words)
    assert contents(folder, bag_of_words) == {"a.txt": "Un.", "n/a.txt": "Deux.", "z/a.txt": "Trois."}


def test_a_vanished_folder_takes_its_documents_along(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    kept = written(folder.parent / "kept", {"c.txt": "Un troisième texte."})
    update(folder, [texts, kept], bag_of_words)
    texts.rename(folder.parent / "elsewhere")
    assert counts(update(folder, embedder=bag_of_words)) == (0, 0, 2, 1, 0)
    assert counts(update(folder, embedder=bag_of_words)) == (0, 0, 0, 1, 0)


def test_an_emptied_folder_takes_its_documents_along(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    kept = written(folder.parent / "kept", {"c.txt": "Un troisième texte."})
    update(folder, [texts, kept], bag_of_words)
    for path in texts.iterdir():
        path.unlink()
    assert counts(update(folder, embedder=bag_of_words)) == (0, 0, 2, 1, 0)
    assert list(contents(folder, bag_of_words)) == ["c.txt"]


def test_a_library_whose_last_document_went_finds_nothing(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts / "a.txt"], bag_of_words)
    (texts / "a.txt").unlink()
    assert counts(update(folder, embedder=bag_of_words)) == (0, 0, 1, 0, 0)
    with Library.open(folder, bag_of_words) as library:
        assert retrieve(library, "Alep", 3) == []
    assert counts(update(folder, [texts], bag_of_words)) == (1, 0, 0, 0, 0)


def test_nothing_named_and_no_library_yet(folder: Path) -> None:
    with pytest.raises(NothingToIndex, match="assistant index PATH"):
        update(folder)


def test_another_embedder_remakes_everything(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts], bag_of_words)
    other = BagOfWords("other", 32)
    assert counts(update(folder, embedder=other)) == (0, 0, 0, 2, 0)
    assert len(other.encoded) == 4
    assert contents(folder, other) == {"a.txt": ALEP, "b.md": HAMA}
    with Library.open(folder, other) as library:
        assert library.embedder is other


def change_recipe(folder: Path) -> None:
    with sqlite3.connect(folder / "library.db") as database:
        database.execute("UPDATE meta SET value = 'sentences 0' WHERE key = 'recipe'")
    database.close()


def test_a_library_of_another_recipe_says_so_and_is_remade(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts], bag_of_words)
    change_recipe(folder)
    with pytest.raises(LibraryOutdated, match=f"assistant index --library {folder}"):
        Library.open(folder, bag_of_words)
    assert counts(update(folder, embedder=bag_of_words)) == (0, 0, 0, 2, 0)
    assert contents(folder, bag_of_words) == {"a.txt": ALEP, "b.md": HAMA}


def test_an_outdated_library_of_vanished_files(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts / "a.txt"], bag_of_words)
    change_recipe(folder)
    (texts / "a.txt").unlink()
    assert counts(update(folder, embedder=bag_of_words)) == (0, 0, 1, 0, 0)
    assert contents(folder, bag_of_words) == {}


def test_a_folder_with_nothing_readable(tmp_path: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    empty = written(tmp_path / "texts", {"a.txt": " "})
    with pytest.raises(DocumentUnreadable, match=r"a\.txt"):
        update(folder, [empty], bag_of_words)


def test_an_unreadable_file_in_a_folder_is_left_out(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    written(texts, {"c.txt": "nul\0"})
    (texts / "d.txt").symlink_to(texts / "nowhere")
    (texts / os.fsdecode(b"caf\xe9.txt")).write_text("Un nom en Latin-1.")
    (texts / "e.txt").write_bytes("Texte « codé » autrement, à l'été.".encode("cp1252"))
    summary = update(folder, [texts], bag_of_words)
    assert counts(summary) == (3, 0, 0, 0, 0)
    assert sorted(error.what.split(": ")[-1] for error in summary.unreadable) == [
        "it holds NUL characters, so it is not text.",
        "it is gone, or not a regular file.",
        "its name is not Unicode text.",
    ]
    assert summary.recoded == (("e.txt", "cp1252"),)


@pytest.mark.parametrize("named", ["empty.txt", "missing.txt", "nothing/", "~nosuchuser/a.txt"])
def test_what_is_named_must_be_readable(texts: Path, folder: Path, bag_of_words: BagOfWords, named: str) -> None:
    update(folder, [texts / "a.txt"], bag_of_words)
    (texts / "empty.txt").touch()
    (texts / "nothing").mkdir()
    with pytest.raises((DocumentUnreadable, NothingToIndex)) as caught:
        update(folder, [texts / "b.md", texts / named], bag_of_words)
    assert caught.value.what.count(named.rstrip("/")) == 1
    assert contents(folder, bag_of_words) == {"a.txt": ALEP}


def test_texts_that_are_not_files(folder: Path, bag_of_words: BagOfWords) -> None:
    build(folder, [Document.from_text("one", ALEP), Document.from_text("two", HAMA)], bag_of_words)
    assert contents(folder, bag_of_words) == {"one": ALEP, "two": HAMA}


def test_the_last_of_two_texts_of_one_name_stays(folder: Path, bag_of_words: BagOfWords) -> None:
    build(folder, [Document.from_text("other", "Un texte.")], bag_of_words)
    build(folder, [Document.from_text("one", ALEP), Document.from_text("one", HAMA)], bag_of_words)
    assert contents(folder, bag_of_words) == {"one": HAMA, "other": "Un texte."}


def test_progress_counts_to_the_end(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    seen: list[tuple[int, int]] = []
    update(folder, [texts], bag_of_words, lambda done, todo: seen.append((done, todo)))
    assert seen[-1] == (4, 4)


def test_progress_moves_within_a_long_document(folder: Path, bag_of_words: BagOfWords) -> None:
    seen: list[int] = []
    text = " ".join(f"Phrase numéro {number}." for number in range(600))
    build(folder, [Document.from_text("long", text)], bag_of_words, lambda done, _todo: seen.append(done))
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == 600


def test_a_failing_embedder_leaves_the_library_as_it_was(texts: Path, folder: Path, bag_of_words: BagOfWords) -> None:
    update(folder, [texts / "a.txt"], bag_of_words)

    def fail(_done: int, _todo: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update(folder, [texts], bag_of_words, fail)
    assert contents(folder, bag_of_words) == {"a.txt": ALEP}


def test_a_folder_that_may_not_be_written(open_folder: Path, bag_of_words: BagOfWords) -> None:
    texts = written(open_folder / "texts", {"a.txt": ALEP})
    update(open_folder / "library", [texts], bag_of_words)
    written(texts, {"b.md": HAMA})
    error = outcome(_update_as_nobody, open_folder / "library", texts)
    assert isinstance(error, Unusable)
    assert "Choose" in error.remedy or "choose" in error.remedy
    assert contents(open_folder / "library", bag_of_words) == {"a.txt": ALEP}


def test_a_library_that_may_only_be_read_answers(open_folder: Path, bag_of_words: BagOfWords) -> None:
    texts = written(open_folder / "texts", {"a.txt": ALEP})
    update(open_folder / "library", [texts], bag_of_words)
    assert outcome(_ask_as_nobody, open_folder / "library") == "Les frappes ont commencé à Alep."


def _update_as_nobody(folder: Path, texts: Path) -> AssistantError | Summary:
    become_nobody()
    return update(folder, [texts], BagOfWords())


def _ask_as_nobody(folder: Path) -> str:
    become_nobody()
    with Library.open(folder, BagOfWords()) as library:
        return retrieve(library, "frappes à Alep", 1)[0].passage.focused.text
