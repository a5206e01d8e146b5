"""On PYTHONPATH by tests/commands.py: a command that so much as creates a socket ends at once, with exit code 99."""

import os
import sys


def _forbid_sockets(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith("socket."):
        os.write(2, f"A socket was used: {event} {arguments}\n".encode())
        os._exit(99)


sys.addaudithook(_forbid_sockets)
