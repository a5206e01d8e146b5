"""What the user calls a chat model → the Engine that runs it: PATH.gguf, a name of the catalogue, or openai:NAME."""

from pathlib import Path
from urllib.parse import urlsplit

from assistant import catalogue, places
from assistant.engine import Engine
from assistant.errors import BadRequest, ModelUnusable
from assistant.messages import _

_REMOTE = "openai:"
_ADDRESS = "http://127.0.0.1:8080/v1"


def open_engine(model: str, base_url: str | None = None) -> Engine:
    """Load a chat model, or prepare to ask a server for it at `base_url`, for which only `openai:` names look.

    A file comes before a name of the catalogue. Raises BadRequest for a name or an address that cannot be one,
    ModelUnusable if the model is not there or cannot be used.
    """
    if model.startswith(_REMOTE):
        from assistant.remote import RemoteEngine

        name = model.removeprefix(_REMOTE)
        return RemoteEngine(name, _checked_address(name, base_url), api_key=places.chat_server_key())
    from assistant.worker import LocalEngine

    return LocalEngine(_file(model), model if not _is_path(model) else None)


def _checked_address(name: str, base_url: str | None) -> str:
    example = _("Type: assistant ask --model openai:{name} --base-url {address}")
    example = example.format(name=name or "NAME", address=_ADDRESS)
    if not name:
        raise BadRequest(_("openai: needs the name of a model."), example)
    if not base_url:
        # The client library would ask its makers' server.
        raise BadRequest(_("openai:{name} needs the address of a server.").format(name=name), example)
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise BadRequest(_("{address} is no address of a server.").format(address=base_url), example)
    return base_url


def _file(model: str) -> Path:
    if not _is_path(model):
        return catalogue.installed(model)
    path = Path(model).expanduser()
    if not path.is_file():
        raise ModelUnusable(
            _("no model file {path}.").format(path=path),
            _("Name a GGUF file, or a model of the list: assistant models list"),
        )
    return path


def _is_path(model: str) -> bool:
    """Whether a model is named by its file; `owner/repository:file.gguf` names one of the hub's."""
    return Path(model).is_file() or (model.endswith(".gguf") and not catalogue.is_address(model))
