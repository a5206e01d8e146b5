"""Requests on standard input → replies of a chat model on standard output: the child of worker.py.

Both are JSON lines. The child ends with its parent, however that ends, because its input ends then.
"""

import contextlib
import json
import os
import queue
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant import messages as language
from assistant.engine import Message
from assistant.errors import ModelUnusable
from assistant.llama.chat import ChatModel


def send(to: int, content: dict[str, Any]) -> None:
    """Write one object to a file descriptor."""
    line = json.dumps(content).encode() + b"\n"
    while line:
        line = line[os.write(to, line) :]


def lines(descriptor: int) -> Iterator[dict[str, Any]]:
    """The objects that arrive at a file descriptor, until its other end is closed."""
    rest = b""
    # Not a buffered file: its lock would be held by a thread while Python ends.
    while data := os.read(descriptor, 1 << 16):
        *complete, rest = (rest + data).split(b"\n")
        yield from map(json.loads, complete)


class _Desk:
    """The child's end: requests in, replies out, and which requests were stopped."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped = -1
        # Whatever a library prints goes nowhere, instead of between the replies.
        self._replies = os.dup(1)
        os.dup2(2, 1)
        threading.Thread(target=self._listen, daemon=True).start()

    def request(self) -> dict[str, Any]:
        """The next request, waited for."""
        return self._requests.get()

    def stopped(self, number: int) -> bool:
        """Whether nobody waits for request `number` any more."""
        return number <= self._stopped

    def reply(self, number: int, **content: Any) -> None:
        """Send a reply."""
        send(self._replies, {"number": number, **content})

    def _listen(self) -> None:
        for request in lines(0):
            if "stop" in request:
                self._stopped = request["stop"]
            else:
                self._requests.put(request)
        # The parent has ended, or wants no more.
        os._exit(0)


def main() -> None:
    """The child: load the model, then answer requests until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _be_first_to_go()
    desk = _Desk()
    first = desk.request()
    language.use(first["language"])
    model: ChatModel | None = None
    with _told(desk, 0):
        model = ChatModel(Path(first["path"]))
        desk.reply(0, context=model.context)
    while True:
        request = desk.request()
        if model is not None:
            with _told(desk, request["number"]):
                _work(desk, model, request)


def _work(desk: _Desk, model: ChatModel, request: dict[str, Any]) -> None:
    number = request["number"]
    if "count" in request:
        desk.reply(number, count=model.count(_messages(request["count"])))
        return
    given = _messages(request["generate"]), request["grammar"], request["limit"]
    for piece in model.generate(*given, stopped=lambda: desk.stopped(number)):
        desk.reply(number, piece=piece)
    desk.reply(number)


@contextlib.contextmanager
def _told(desk: _Desk, number: int) -> Iterator[None]:
    """Errors go to the parent, which raises them."""
    try:
        yield
    except ModelUnusable as error:
        desk.reply(number, unusable=[error.what, error.remedy])
    except ValueError as error:
        desk.reply(number, wrong=str(error))


def _be_first_to_go() -> None:
    """When memory runs out, the system should kill this process rather than the program that waits for it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _messages(plain: Sequence[Sequence[Any]]) -> list[Message]:
    return [Message(role, content) for role, content in plain]


if __name__ == "__main__":
    main()
