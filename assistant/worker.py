"""A chat model in a process of its own: a crash or an out-of-memory kill of llama.cpp is a message, not the end.

Parent and child speak in JSON lines over the child's standard input and output. The child ends with its parent, because
its input ends then. It has a session of its own, so that the terminal's Ctrl-C does not reach it.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant import messages as language
from assistant.engine import Form, Message
from assistant.errors import ModelUnusable
from assistant.messages import _

_OBEYS_WITHIN = 0.15
"""Seconds until a process that was told to stop is killed instead; it starts again with the next question."""
_ENDS_WITHIN = 2.0
_KILLED = -9
"""What a process that was killed returns; signal.SIGKILL is not known on every system."""


class LocalEngine:
    """An Engine that runs the GGUF at `path`. One thread at a time asks; any thread may call `stop`.

    Raises ModelUnusable when it is made and when it is asked: what llama.ChatModel raises, and when its process crashed
    or was killed. The next question then starts another process.
    """

    place: str | None = None

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.name = name or path.stem
        self._path = path
        self._asked = self._stopped = 0
        self._process = _Process(path)
        self.context = int(self._reply(0)["context"])

    @property
    def pid(self) -> int:
        """The number of the process that the model runs in."""
        return self._process.pid

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages in the model's template."""
        number = self._ask(count=_plain(messages))
        return int(self._reply(number)["count"])

    def generate(self, messages: Sequence[Message], form: Form, limit: int) -> Iterator[str]:
        """Pieces of the output, at most `limit` tokens. Closing the iterator stops the model, as `stop` does."""
        try:
            number = self._ask(generate=_plain(messages), grammar=form.gbnf, limit=limit)
        except ModelUnusable:
            # Stopped while the model was being loaded again.
            if self._stopped == self._asked:
                return
            raise
        try:
            while number == self._asked and "piece" in (reply := self._reply(number)):
                yield reply["piece"]
        finally:
            if number == self._asked:
                self.stop()

    def stop(self) -> None:
        """End the output that is being generated, from any thread, within 200 ms; its iterator ends too."""
        process, self._stopped = self._process, self._asked
        if not process.idle.is_set():
            process.tell({"stop": self._stopped})
            if not process.idle.wait(_OBEYS_WITHIN):
                process.kill()

    def close(self) -> None:
        """Free what the model holds."""
        self._process.end()

    def _ask(self, **request: Any) -> int:
        """Begin a request; its number."""
        self.stop()
        # From here on `stop` is about this request.
        self._asked += 1
        if not self._process.alive():
            self._process.end()
            self._process = _Process(self._path)
            self._reply(0)
        self._process.tell({"number": self._asked, **request})
        return self._asked

    def _reply(self, number: int) -> dict[str, Any]:
        """The next reply to a request; one that was stopped has no more pieces."""
        try:
            reply = self._process.reply(number)
        except (ModelUnusable, KeyboardInterrupt) as error:
            if number and number == self._stopped and isinstance(error, ModelUnusable):
                return {}
            if not number:
                self._process.kill()
                self._process.end()
            raise
        return {} if number and number == self._stopped else reply


class _Process:
    """The parent's end: a child that loads the model at `path` and then works on one request at a time.

    `idle` is set while there is none. Request 0 is to load the model.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.idle = threading.Event()
        self._replies: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._telling = threading.Lock()
        # The child finds modules where this process does, and none in the folder that the user works in.
        folders = [*filter(None, sys.path), str(Path(__file__).parent.parent)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "GGML_NO_BACKTRACE": "1"}
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "assistant.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
            start_new_session=True,
        )
        self.pid = self._child.pid
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.tell({"number": 0, "path": str(path), "language": language.in_use()})

    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._listener.is_alive() and self._child.poll() is None

    def tell(self, request: dict[str, Any]) -> None:
        """Send a request, or the order to stop one. If the child has died, `reply` will say so."""
        assert self._child.stdin is not None
        if "stop" not in request:
            self.idle.clear()
        with self._telling, contextlib.suppress(OSError, ValueError):
            _send(self._child.stdin.fileno(), request)

    def reply(self, number: int) -> dict[str, Any]:
        """The next reply to request `number`. Raises ModelUnusable, also if the child has died."""
        while (reply := self._replies.get()) is not None:
            if reply["number"] == number:
                if "unusable" in reply:
                    raise ModelUnusable(*reply["unusable"])
                if "wrong" in reply:
                    raise ValueError(reply["wrong"])
                return reply
        self._replies.put(None)
        raise self._death()

    def kill(self) -> None:
        """End it now."""
        self._child.kill()

    def end(self) -> None:
        """Let it end, and wait until it has."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with self._telling:
            self._child.stdin.close()
        try:
            self._child.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._listener.join()
        self._child.stdout.close()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for reply in _lines(self._child.stdout.fileno()):
            if "piece" not in reply:
                self.idle.set()
            self._replies.put(reply)
        self.idle.set()
        self._replies.put(None)

    def _death(self) -> ModelUnusable:
        status = self._child.wait()
        if status == _KILLED:
            what = _("the process that ran {path} was killed, as the system does when memory runs out.")
            remedy = _("Close other programs, or choose a smaller model: assistant models list")
        else:
            what = _("llama.cpp crashed while it ran {path} (status {status}).")
            remedy = _("Ask again. If it crashes again, choose another chat model: assistant models list")
        return ModelUnusable(what.format(path=self._path, status=status), remedy)


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
        _send(self._replies, {"number": number, **content})

    def _listen(self) -> None:
        for request in _lines(0):
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
    from assistant.llama import ChatModel

    model: ChatModel | None = None
    with _told(desk, 0):
        model = ChatModel(Path(first["path"]))
        desk.reply(0, context=model.context)
    while True:
        request = desk.request()
        if model is not None:
            with _told(desk, request["number"]):
                _work(desk, model, request)


def _work(desk: _Desk, model: Any, request: dict[str, Any]) -> None:
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


def _plain(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in messages]


def _messages(plain: Sequence[Sequence[Any]]) -> list[Message]:
    return [Message(role, content) for role, content in plain]


def _send(to: int, content: dict[str, Any]) -> None:
    line = json.dumps(content).encode() + b"\n"
    while line:
        line = line[os.write(to, line) :]


def _lines(descriptor: int) -> Iterator[dict[str, Any]]:
    rest = b""
    # Not a buffered file: its lock would be held by a thread while Python ends.
    while data := os.read(descriptor, 1 << 16):
        *lines, rest = (rest + data).split(b"\n")
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
