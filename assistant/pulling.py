"""A file's name on the Hugging Face hub → the file on this machine: whole and checked, or not there at all.

The only room that opens a connection by itself, and only when the user typed `assistant models pull`. HF_ENDPOINT names
another hub, as for all of Hugging Face's programs.
"""

import contextlib
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import places
from assistant.catalogue import ModelFile
from assistant.errors import ModelUnusable
from assistant.messages import _

if TYPE_CHECKING:
    import httpx2

Progress = Callable[[int, int], None]
"""Is told how many bytes are there, and how many there will be."""

SPARE = 500_000_000
"""Bytes that a pull leaves free on the disk."""


@dataclass(frozen=True, slots=True)
class _Announced:
    """What the hub says of a file before it is fetched: of which commit it is, its bytes, its checksum."""

    commit: str
    size: int
    sha256: str


def pull(source: ModelFile, progress: Progress = lambda _done, _total: None) -> Path:
    """Fetch a file unless it is there already; what an interrupted pull left is continued.

    Raises ModelUnusable if the hub cannot be reached or does not give the file, if the disk has no room for it, or if
    what came is not what the hub announced. Then, and after a kill at any moment, nothing is installed.
    """
    path = source.path
    if path.is_file():
        return path
    announced = _ask_hub(source)
    unfinished = path.with_name(f"{path.name}.{announced.sha256[:16]}.unfinished")
    with _disk_errors(source), _alone():
        _check_room(source, announced.size - _bytes_there(unfinished, announced.size))
        path.parent.mkdir(parents=True, exist_ok=True)
        _fetch(source, announced, unfinished, progress)
        _verify(source, announced, unfinished)
        _install(unfinished, path)
    return path


@contextlib.contextmanager
def _disk_errors(source: ModelFile) -> Iterator[None]:
    try:
        places.chat_models_folder().mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        what = _("cannot write {path}: {why}.").format(path=source.path, why=error.strerror or error)
        remedy = _("Free some space or mend the place; what has come is kept. Then: assistant models pull {source}")
        raise ModelUnusable(what, remedy.format(source=source)) from error


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    import filelock

    try:
        with filelock.FileLock(places.chat_models_folder() / "pulling.lock", timeout=0):
            yield
    except filelock.Timeout as error:
        what = _("another process is fetching a model.")
        raise ModelUnusable(what, _("Wait for it, then see what is there: assistant models list")) from error


def _hub() -> Any:
    """huggingface_hub's downloads, without telemetry and without a word of its own on the terminal."""
    # Read when it is imported.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import file_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return file_download


def _ask_hub(source: ModelFile) -> _Announced:
    hub = _hub()
    with _hub_errors(source):
        told = hub.get_hf_file_metadata(hub.hf_hub_url(source.repository, source.file))
    # Large files have their SHA-256 as etag; others are of git's own kind.
    if told.commit_hash is None or told.size is None or not re.fullmatch(r"[0-9a-f]{64}", told.etag or ""):
        raise ModelUnusable(
            _("{hub} states no size or checksum for {source}.").format(hub=_endpoint(), source=source),
            _("Name a model file; the hub lists them at {page}").format(page=_page(source)),
        )
    return _Announced(told.commit_hash, told.size, told.etag)


def _bytes_there(unfinished: Path, size: int) -> int:
    """How much of a file an interrupted pull left."""
    there = unfinished.stat().st_size if unfinished.is_file() else 0
    if there <= size:
        return there
    unfinished.unlink()
    return 0


def _check_room(source: ModelFile, missing: int) -> None:
    folder = places.chat_models_folder()
    free = shutil.disk_usage(folder).free
    if free < missing + SPARE:
        what = _("{source} needs {needed}, and {spare} to spare, but the disk of {folder} has {free} free.").format(
            source=source, needed=_shown(missing), spare=_shown(SPARE), folder=folder, free=_shown(free)
        )
        raise ModelUnusable(what, _("Free some space, or remove a model: assistant models remove NAME"))


def _fetch(source: ModelFile, announced: _Announced, unfinished: Path, progress: Progress) -> None:
    hub = _hub()
    there = _bytes_there(unfinished, announced.size)
    progress(there, announced.size)
    # `hf_hub_download` begins anew after an interruption; its own lower half can go on. The commit is named, so that a
    # file replaced in between is not mixed with its forerunner.
    url = hub.hf_hub_url(source.repository, source.file, revision=announced.commit)
    with _hub_errors(source), unfinished.open("ab") as file:
        hub.http_get(
            url,
            file,
            resume_size=there,
            headers=hub.build_hf_headers(),
            expected_size=announced.size,
            displayed_filename=source.file,
            tqdm_class=_bar(progress, announced.size),
        )


def _bar(progress: Progress, total: int) -> type:
    """What huggingface_hub takes for a progress bar."""

    class Bar(contextlib.nullcontext[None]):
        def __init__(self, *, initial: int, **_unused: object) -> None:
            super().__init__()
            self.done = initial

        def __enter__(self) -> "Bar":  # type: ignore[override]
            return self

        def update(self, more: int) -> None:
            self.done += more
            progress(self.done, total)

    return Bar


def _verify(source: ModelFile, announced: _Announced, unfinished: Path) -> None:
    with unfinished.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != announced.sha256:
        unfinished.unlink()
        raise ModelUnusable(
            _("what came as {source} is not what the hub announced: its checksum is wrong.").format(source=source),
            _("It was deleted; fetch it again: assistant models pull {source}").format(source=source),
        )


def _install(unfinished: Path, path: Path) -> None:
    with unfinished.open("rb+") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
    if os.name != "nt":  # Windows cannot open a folder, and makes a rename durable by itself
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    for left in path.parent.glob(f"{path.name}.*.unfinished"):  # of an older commit
        left.unlink()


@contextlib.contextmanager
def _hub_errors(source: ModelFile) -> Iterator[None]:
    """What goes wrong between here and the hub, as errors that say what to do."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except HfHubHTTPError as error:
        raise _refusal(error, source) from error
    except OfflineModeIsEnabled as error:
        what = _("HF_HUB_OFFLINE is set, so that nothing may be fetched.")
        remedy = _("Unset it: env -u HF_HUB_OFFLINE assistant models pull {source}").format(source=source)
        raise ModelUnusable(what, remedy) from error
    except httpx2.HTTPError as error:
        raise _lost(error, source) from error
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's, not the hub's
        raise _lost(None, source) from error


def _refusal(error: "httpx2.HTTPError", source: ModelFile) -> ModelUnusable:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        what = _("the hub gives {source} only to those who accepted its licence and are logged in.")
        remedy = _("Accept it at {page}, log in with `hf auth login`, then: assistant models pull {source}")
    elif isinstance(error, errors.RepositoryNotFoundError):
        what = _("{hub} has no repository {repository}, or hides it from you.")
        remedy = _("Check its name at {page}; others: assistant models list")
    elif isinstance(error, errors.RemoteEntryNotFoundError | errors.RevisionNotFoundError):
        what, remedy = _("the repository {repository} has no file {file}."), _("See its files at {page}/tree/main")
    else:
        what = _("{hub} does not give {source}: it answers with status {status}.")
        remedy = _("Try again later, or log in with `hf auth login` first: assistant models pull {source}")
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else 0
    facts = {
        "source": source,
        "repository": source.repository,
        "file": source.file,
        "hub": _endpoint(),
        "page": _page(source),
        "status": status,
    }
    return ModelUnusable(what.format(**facts), remedy.format(**facts))


def _lost(error: "httpx2.HTTPError | None", source: ModelFile) -> ModelUnusable:
    """The hub cannot be reached, or no longer."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        what = _("{hub} takes too long to answer.").format(hub=_endpoint())
    elif isinstance(error, httpx2.ConnectError):
        what = _("{hub} cannot be reached: {why}.").format(hub=_endpoint(), why=error)
    else:
        what = _("the connection to {hub} broke off.").format(hub=_endpoint())
    remedy = _("What has come is kept. When the network works, go on: assistant models pull {source}")
    return ModelUnusable(what, remedy.format(source=source))


def _endpoint() -> str:
    from huggingface_hub import constants

    return constants.ENDPOINT


def _page(source: ModelFile) -> str:
    return f"{_endpoint()}/{source.repository}"


def _shown(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
