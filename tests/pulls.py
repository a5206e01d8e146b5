"""What the tests of `assistant models pull` share: a model on a hub, and a pull that can be interrupted."""

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from commands import PATIENCE, command, environment
from hub_server import Hub

NAME = "qwen2.5-0.5b"
REPOSITORY = "Qwen/Qwen2.5-0.5B-Instruct-GGUF"
FILE = "qwen2.5-0.5b-instruct-q8_0.gguf"
WRITTEN = 10 << 20
"""huggingface_hub writes pieces of this size to the disk."""
CONTENT = b"GGUF" + bytes(range(256)) * (1 << 16) * 2
"""Three of them and a bit."""
SOURCE = f"{REPOSITORY}:{FILE}"

Variables = dict[str, str | Path]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def start_pull(settings: Variables, **options: object) -> "subprocess.Popen[bytes]":
    """`assistant models pull`, to be interrupted."""
    return subprocess.Popen(
        command("models", "pull", NAME),
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,  # type: ignore[call-overload]
    )


def slowly(running: Hub, pulled: Path, after: Callable[[], None]) -> None:
    """Call `after` when half of the file has come and its first part is on the disk; the rest takes its time."""
    pieces = 0

    def count() -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 16:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline and not any(
                left.stat().st_size >= WRITTEN for left in pulled.parent.glob(f"{FILE}.*.unfinished")
            ):
                time.sleep(0.01)
            after()
        if pieces >= 16:
            threading.Event().wait(0.2)

    running.at_piece = count
