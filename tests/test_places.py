"""Where the library and the models are looked for: option, environment, checkout, user's directory."""

import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment

from assistant import places

ROOT = Path(__file__).resolve().parents[1]


def asked(expression: str, without: str = "", **changes: str) -> str:
    """What an expression is in a fresh process with other environment variables."""
    variables = {name: value for name, value in environment(**changes).items() if name != without}
    code = f"from pathlib import Path; from assistant import places; print({expression})"
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_option_comes_first() -> None:
    assert asked("places.library_folder(Path('/opt/lib'))", ASSISTANT_LIBRARY="/env/lib") == "/opt/lib"


def test_then_the_environment() -> None:
    assert asked("places.library_folder()", ASSISTANT_LIBRARY="/env/lib") == "/env/lib"


def test_then_the_home() -> None:
    assert asked("places.library_folder()", ASSISTANT_HOME="/some/home") == "/some/home/library"


@pytest.mark.parametrize("without", ["ASSISTANT_HOME", ""])
def test_then_the_checkout(without: str) -> None:
    changes = {} if without else {"ASSISTANT_HOME": ""}
    assert asked("places.library_folder()", without, **changes) == str(ROOT / "index")


def test_a_tilde_is_the_home() -> None:
    assert asked("places.library_folder()", ASSISTANT_LIBRARY="~/lib", HOME="/home/me") == "/home/me/lib"


def test_models_are_kept_in_the_users_directory(home: Path) -> None:
    assert places.made_models_folder() == home / "models"


def test_shipped_files_are_there() -> None:
    assert places.shipped("seeds/article.txt").is_file()
