"""A function in a child process that can be limited, deprived of rights or killed.

The children come from multiprocessing's fork server, which has imported the heavy modules once and has no threads.
"""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

# The fork server of Python 3.11 does not know pytest's sys.path.
os.environ["PYTHONPATH"] = str(Path(__file__).parent)
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["warm", "assistant.retrieval", "pytest", "hypothesis"])

NOBODY = 65534


def child(function: Callable[..., Any], *arguments: object) -> ForkServerProcess:
    """A process, not started, that calls `function`."""
    return _server.Process(target=function, args=arguments)


def outcome(function: Callable[..., Any], *arguments: object) -> Any:
    """What `function` returns in a child process, or the exception that it raised."""
    receiver, sender = _server.Pipe(duplex=False)
    process = child(_send_outcome, sender, function, arguments)
    process.start()
    sender.close()
    result = receiver.recv()
    process.join()
    return result


def _send_outcome(sender: Connection, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    try:
        result = function(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
        result = error
    sender.send(result)


def become_nobody() -> None:
    """Give up root's right to read and write everything; other users never had it."""
    if os.geteuid() == 0:
        os.setuid(NOBODY)
