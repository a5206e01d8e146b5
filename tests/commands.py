"""The real command in a process of its own, without a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

NO_NETWORK = Path(__file__).parent / "no_network"
PATIENCE = 300  # seconds until a command counts as hanging; the machine may be busy


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "assistant", *map(str, arguments)]


def environment(**changes: str | Path) -> dict[str, str]:
    """The tests' environment (tests/conftest.py sets ASSISTANT_HOME) with changes, sockets forbidden."""
    # An embedder that was loaded in the tests' own process has set this one for all that run after it.
    ours = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    return {**ours, "PYTHONPATH": str(NO_NETWORK), **{name: str(value) for name, value in changes.items()}}


def assistant(
    *arguments: str | Path, stdin: str | bytes = b"", **changes: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run `assistant …` to its end. Keyword arguments change environment variables."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        command(*arguments), input=data, capture_output=True, env=environment(**changes), timeout=PATIENCE, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: str | Path, **changes: str | Path) -> "subprocess.Popen[str]":
    """Start `assistant …` with pipes for all its streams."""
    return subprocess.Popen(
        command(*arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**changes),
        text=True,
    )


def refused(done: subprocess.CompletedProcess[str], exit_code: int, *words: str) -> None:
    """Assert that a command failed as designed: the exit code, a clean stdout, one clear message with `words`.

    Its second line says what to do: a command to type or a path.
    """
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(("assistant: ", "Usage: "))
    assert re.search(r"assistant [a-z]|pip install|hf download|/", done.stderr.splitlines()[1])
    for word in words:
        assert word in done.stderr
