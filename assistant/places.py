"""Where things are: the only module that knows directories and environment variables.

A library is looked for at the explicit option, then `ASSISTANT_LIBRARY`, then the checkout's `index/`, then the user's
data directory. `ASSISTANT_HOME` moves the user's data directory (portable installs, tests).
"""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def checkout() -> Path | None:
    """The repository that this package runs from, or None when it is installed."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "seeds").is_dir() else None


def user_directory() -> Path:
    """Where the user's own data lives: the default library of an install, and models made on this machine."""
    if home := os.environ.get("ASSISTANT_HOME"):
        return Path(home).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("assistant", appauthor=False))


def library_folder(option: Path | None = None) -> Path:
    """The library's folder; it may not exist yet."""
    if option is not None:
        return option.expanduser()
    if named := os.environ.get("ASSISTANT_LIBRARY"):
        return Path(named).expanduser()
    return default_library_folder()


def default_library_folder() -> Path:
    """The library used when none is named: the one that a first question may build from the shipped article."""
    root = checkout()
    # The checkout is ignored when a home is set: a test or a portable install must never touch the working tree.
    if root is not None and not os.environ.get("ASSISTANT_HOME"):
        return root / "index"
    return user_directory() / "library"


def history_file() -> Path:
    """Where conversations are kept; it may not exist yet."""
    return user_directory() / "history.db"


def in_browser() -> bool:
    """Whether textual-serve runs this process for a visitor, so that there is no terminal."""
    return "TEXTUAL_DRIVER" in os.environ


def made_models_folder() -> Path:
    """Where models converted on this machine are kept, shared by all libraries."""
    return user_directory() / "models"


def chat_models_folder() -> Path:
    """Where pulled chat models are kept, in a folder for each owner and repository."""
    return user_directory() / "chat-models"


def chat_model() -> str | None:
    """The chat model that the environment names for all commands, or None."""
    return os.environ.get("ASSISTANT_MODEL") or None


def chat_server() -> str | None:
    """The address of the server that the environment names for `openai:` models, or None."""
    return os.environ.get("ASSISTANT_BASE_URL") or None


def chat_server_key() -> str | None:
    """The key that the user has for that server, or None."""
    return os.environ.get("OPENAI_API_KEY") or None


def shipped(name: str) -> Path:
    """A file or folder that travels with the project, such as `seeds/article.txt`."""
    root = checkout()
    # The checkout comes first: an editable install leaves stale copies of shipped files in site-packages.
    return (root if root is not None else _PACKAGE / "shipped") / name
