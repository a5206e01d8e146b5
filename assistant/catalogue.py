"""models/catalogue.toml → the chat models that can be pulled, and where a model's file is on this machine."""

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from assistant import places
from assistant.errors import BadRequest, ModelUnusable
from assistant.messages import _

# owner/repository:folder/file.gguf, in the letters that the hub allows; no part of it may begin with a dot.
_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_ADDRESS = re.compile(rf"({_PART}/{_PART}):((?:{_PART}/)*{_PART}\.gguf)")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One GGUF file of a hub's repository: `owner/repository`, and the file's path in it."""

    repository: str
    file: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.file}"

    @property
    def path(self) -> Path:
        """Where the file is on this machine once it was pulled."""
        return places.chat_models_folder() / self.repository / self.file

    @property
    def installed(self) -> bool:
        """Whether it was pulled; a file is there whole or not at all."""
        return self.path.is_file()


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What the catalogue says about a model. Sizes are bytes; `context` is tokens; languages are two-letter codes."""

    name: str
    source: ModelFile
    size: int
    memory: int
    context: int
    licence: str
    languages: tuple[str, ...]


def cards() -> tuple[ModelCard, ...]:
    """All models of the catalogue, the smallest first."""
    with places.shipped("models/catalogue.toml").open("rb") as file:
        entries = tomllib.load(file)["models"]
    return tuple(
        ModelCard(
            name=entry["name"],
            source=ModelFile(entry["repository"], entry["file"]),
            size=entry["size"],
            memory=entry["memory"],
            context=entry["context"],
            licence=entry["licence"],
            languages=tuple(entry["languages"]),
        )
        for entry in entries
    )


def find(name: str) -> ModelFile:
    """The file that a name of the catalogue, or `owner/repository:file.gguf`, stands for.

    Raises BadRequest, with the nearest name, if it is neither.
    """
    if address := _ADDRESS.fullmatch(name):
        return ModelFile(address[1], address[2])
    known = {card.name: card.source for card in cards()}
    if source := known.get(name.lower()):
        return source
    raise BadRequest(_("no model is called {name}.").format(name=name), _way_out(name, list(known)))


def is_address(name: str) -> bool:
    """Whether a name has the form `owner/repository:file.gguf`."""
    return _ADDRESS.fullmatch(name) is not None


def installed(name: str) -> Path:
    """The file of a pulled model. Raises BadRequest for an unknown name, ModelUnusable if it was not pulled."""
    source = find(name)
    if not source.installed:
        raise ModelUnusable(
            _("the model {name} is not on this machine.").format(name=name),
            _("Fetch it: assistant models pull {name}").format(name=name),
        )
    return source.path


def others() -> list[ModelFile]:
    """Files on this machine that were pulled but are not in the catalogue."""
    folder = places.chat_models_folder()
    listed = {card.source for card in cards()}
    found = [path.relative_to(folder).parts for path in sorted(folder.glob("*/*/**/*.gguf"))]
    sources = [ModelFile("/".join(parts[:2]), "/".join(parts[2:])) for parts in found]
    return [source for source in sources if source not in listed]


def remove(name: str) -> int:
    """Delete a model's file, or what an interrupted pull left of it; returns the bytes freed.

    Raises BadRequest for an unknown name, ModelUnusable if nothing of it is on this machine.
    """
    path = find(name).path
    unfinished = [left for left in path.parent.glob(f"{path.name}.*") if left.is_file()]
    present = [left for left in (path, *unfinished) if left.is_file()]
    freed = sum(left.stat().st_size for left in present)
    for left in present:
        left.unlink()
    if not present:
        raise ModelUnusable(
            _("the model {name} is not on this machine.").format(name=name),
            _("See those that are: assistant models list"),
        )
    _remove_empty_folders(path.parent)
    return freed


def _way_out(name: str, known: list[str]) -> str:
    if near := difflib.get_close_matches(name.lower(), known, n=1):
        return _("Did you mean {name}? See them all: assistant models list").format(name=near[0])
    return _(
        "See them all: assistant models list. Any file of the hub: assistant models pull OWNER/REPOSITORY:FILE.gguf"
    )


def _remove_empty_folders(folder: Path) -> None:
    while folder != places.chat_models_folder() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
