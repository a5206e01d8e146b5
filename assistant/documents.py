"""Path → Document: finds text files and decodes them.

A document's text is the file's characters as decoded: a byte-order mark is dropped, nothing else is normalised, so that
offsets into it (in code points) stay true.
"""

import codecs
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DocumentUnreadable, NothingToIndex
from assistant.messages import _

SUFFIXES = (".txt", ".text", ".md", ".markdown")
MAX_BYTES = 64 * 1024 * 1024

# Longest first: UTF-32's little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What French and English files are found in; an open list makes short texts look like EBCDIC.
_OTHER_ENCODINGS = ["cp1252", "iso8859_15", "mac_roman", "cp850", "utf_16", "utf_32"]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to index: its absolute path and the name that citations give it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """A decoded text. `sha256` is that of the bytes it was decoded from: the document's identity."""

    name: str
    text: str
    sha256: str
    encoding: str = "utf-8"

    @classmethod
    def from_text(cls, name: str, text: str) -> "Document":
        """A document that was never a file.

        Raises DocumentUnreadable if it is blank, or holds NUL characters or lone surrogates.
        """
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            why = _("it holds a lone surrogate at character {number}").format(number=error.start)
            raise _unreadable(Path(name), why) from error
        return cls(name, _checked(text, Path(name)), hashlib.sha256(data).hexdigest())


def find(paths: Iterable[Path]) -> list[Source]:
    """All documents at `paths`: files as they are, folders recursively; hidden files and folders are skipped.

    Raises NothingToIndex for a path that does not exist or holds no text file.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        sources = list(_sources_at(path))
        if not sources:
            raise NothingToIndex(
                _("no document in {path}: no file there ends in {suffixes}.").format(
                    path=path, suffixes=", ".join(SUFFIXES)
                ),
                _("Name a file or another folder: assistant index PATH…"),
            )
        for source in sources:
            found.setdefault(source.path, source)
    return list(found.values())


def read(source: Source) -> Document:
    """Read and decode one file.

    Raises DocumentUnreadable if it vanished, is too large, empty, or not text.
    """
    if not is_unicode(source.path):
        raise _unreadable(source.path, _("its name is not Unicode text"))
    data = _bytes_of(source.path)
    text, encoding = _decode(data, source.path)
    return Document(source.name, _checked(text, source.path), hashlib.sha256(data).hexdigest(), encoding)


def absolute(path: Path) -> Path:
    """The path without `~` and links. Raises NothingToIndex if its name cannot be stored."""
    # Path.resolve raises for a loop of links, Path.expanduser for an unknown user; these leave both as they are.
    resolved = Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111
    if not is_unicode(resolved):
        raise NothingToIndex(
            _("the name of {path} is not Unicode text.").format(path=path),
            _("Rename it first: assistant index PATH…"),
        )
    return resolved


def is_unicode(text: object) -> bool:
    """Whether a name or an argument is text: bytes that are not UTF-8 arrive as lone surrogates."""
    try:
        str(text).encode()
    except UnicodeEncodeError:
        return False
    return True


def _sources_at(path: Path) -> Iterator[Source]:
    target = absolute(path)
    if target.is_dir():
        for file in _walk(target):
            yield Source(file, file.relative_to(target).as_posix())
    elif os.path.lexists(target):
        yield Source(target, target.name)
    else:
        raise NothingToIndex(
            _("no file or folder {path}.").format(path=path), _("Check the spelling: assistant index PATH…")
        )


def _walk(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                yield Path(at, name)


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _unreadable(path, _("it is gone, or not a regular file"))
        if (size := path.stat().st_size) > MAX_BYTES:
            why = _("it has {size:.0f} MiB, more than {limit}").format(size=size / 2**20, limit=MAX_BYTES >> 20)
            raise _unreadable(path, why)
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def _decode(data: bytes, path: Path) -> tuple[str, str]:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding), encoding.removesuffix("-sig")
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            why = _("it begins as {encoding}, but goes on otherwise at byte {number}")
            raise _unreadable(path, why.format(encoding=encoding, number=error.start)) from error
        return _decode_by_detection(data, path)


def _decode_by_detection(data: bytes, path: Path) -> tuple[str, str]:
    import charset_normalizer

    best = None if b"\0" in data else charset_normalizer.from_bytes(data, cp_isolation=_OTHER_ENCODINGS).best()
    if best is None:
        why = _("its bytes are no text in UTF-8, {encodings}").format(encodings=", ".join(_OTHER_ENCODINGS))
        raise _unreadable(path, why)
    return data.decode(best.encoding), best.encoding


def _checked(text: str, path: Path) -> str:
    if not text.strip():
        raise _unreadable(path, _("it is empty"))
    if "\0" in text:
        raise _unreadable(path, _("it holds NUL characters, so it is not text"))
    return text


def _unreadable(path: Path, why: str) -> DocumentUnreadable:
    return DocumentUnreadable(
        _("cannot read {path}: {why}.").format(path=path, why=why),
        _("Give a text or Markdown file of at most {limit} MiB, in UTF-8 if you can: assistant index PATH…").format(
            limit=MAX_BYTES >> 20
        ),
    )
