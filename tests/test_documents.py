"""Which files are documents, and that their text is their characters and nothing else."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import become_nobody, outcome

from assistant.documents import MAX_BYTES, Document, Source, find, read
from assistant.errors import DocumentUnreadable, NothingToIndex

FRENCH = "L’hôpital a reçu 12 blessés, « dont 3 graves » – œuvre d'un séisme à Noël.\r\nÇà et là, où ?\n" * 4


def write(path: Path, content: bytes | str = "Un texte.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_file(path: Path) -> Document:
    return read(Source(path, path.name))


@pytest.mark.parametrize(
    ("encoding", "reported"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
        ("mac_roman", "mac_roman"),
    ],
)
def test_text_is_the_characters_as_decoded(tmp_path: Path, encoding: str, reported: str) -> None:
    document = read_file(write(tmp_path / "a.txt", FRENCH.encode(encoding)))
    assert (document.text, document.encoding) == (FRENCH, reported)


def test_big_endian_utf16_with_its_mark(tmp_path: Path) -> None:
    assert read_file(write(tmp_path / "a.txt", ("\ufeff" + FRENCH).encode("utf-16-be"))).text == FRENCH


@given(st.text().filter(lambda text: text.strip() and "\0" not in text and not text.startswith("\ufeff")))
def test_nothing_is_normalised(text: str) -> None:
    path = Path(os.environ["ASSISTANT_HOME"]) / "any.txt"
    path.write_bytes(text.encode())
    try:
        document = read_file(path)
    finally:
        path.unlink()
    assert document == Document.from_text("any.txt", text)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        ("\u00a0\u2003".encode(), "empty"),
        (b"Un\0deux", "NUL"),
        ("Une phrase.".encode("utf-16-le"), "NUL"),
        (b"\xff\xfeU", "begins as utf-16"),
        (random.Random(1).randbytes(4000), "no text"),
    ],
)
def test_what_is_not_text(tmp_path: Path, content: bytes, why: str) -> None:
    path = write(tmp_path / "a.txt", content)
    with pytest.raises(DocumentUnreadable, match=why) as caught:
        read_file(path)
    assert str(path) in caught.value.what


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "a\ud800b"])
def test_texts_that_were_never_files_are_held_to_the_same(text: str) -> None:
    with pytest.raises(DocumentUnreadable):
        Document.from_text("context", text)


def test_a_file_too_large(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt")
    os.truncate(path, MAX_BYTES + 1)  # sparse: takes no space
    with pytest.raises(DocumentUnreadable, match="64"):
        read_file(path)


def test_a_file_that_vanished(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match="gone"):
        read_file(tmp_path / "a.txt")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(DocumentUnreadable, match="regular"):
        read_file(tmp_path / "a.txt")


def test_a_file_without_permission(open_folder: Path) -> None:
    path = write(open_folder / "a.txt")
    path.chmod(0)
    error = outcome(_read_as_nobody, path)
    assert isinstance(error, DocumentUnreadable)
    assert "Permission denied" in error.what


def _read_as_nobody(path: Path) -> Document:
    become_nobody()
    return read_file(path)


def names(*paths: Path) -> list[str]:
    return [source.name for source in find(paths)]


def test_folders_are_searched_in_depth_and_hidden_files_skipped(tmp_path: Path) -> None:
    for name in ("b.md", "a.TXT", "sub/deep/c.markdown", ".hidden.txt", ".git/d.txt", "sub/.e.txt", "f.pdf", "g"):
        write(tmp_path / name)
    assert names(tmp_path) == ["a.TXT", "b.md", "sub/deep/c.markdown"]


def test_a_file_named_directly_may_have_any_name(tmp_path: Path) -> None:
    assert names(write(tmp_path / "README"), write(tmp_path / ".notes")) == ["README", ".notes"]


def test_a_file_reached_twice_is_one_document(tmp_path: Path) -> None:
    file = write(tmp_path / "sub" / "a.txt")
    (tmp_path / "link.txt").symlink_to(file)
    assert names(tmp_path / "sub", file, tmp_path / "link.txt") == ["a.txt"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path / "sub" / "a.txt")
    (tmp_path / "sub" / "again").symlink_to(tmp_path)
    assert names(tmp_path) == ["sub/a.txt"]


def test_a_link_to_itself_is_no_document(tmp_path: Path) -> None:
    loop = tmp_path / "loop.txt"
    loop.symlink_to(loop)
    with pytest.raises(DocumentUnreadable, match="gone"):
        read(*find([loop]))


def test_the_home_of_nobody_is_no_folder() -> None:
    with pytest.raises(NothingToIndex):
        find([Path("~nosuchuser/texts")])


def test_a_folder_without_documents(tmp_path: Path) -> None:
    write(tmp_path / "a.pdf")
    with pytest.raises(NothingToIndex, match=r"\.md") as caught:
        find([tmp_path])
    assert str(tmp_path) in caught.value.what


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NothingToIndex) as caught:
        find([tmp_path / "nothing"])
    assert str(tmp_path / "nothing") in caught.value.what
