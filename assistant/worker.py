"""A chat model in a process of its own: a crash or an out-of-memory kill of llama.cpp is a message, not the end.

llama/child.py is the other end. It has a session of its own, so that the terminal's Ctrl-C does not reach it.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant import messages as language
from assistant.engine import Form, Message
from assistant.errors import ModelUnusable
from assistant.llama.child import lines, send
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
        # Numbers of requests: the last one, the one that writes, and the last that was stopped.
        self._asked = self._writing = self._stopped = 0
        self._process = _Process(path)
        self.context = int(self._reply(0)["context"])

    @property
    def pid(self) -> int:
        """The number of the process that the model runs in."""
        return self._process.pid

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages in the model's template; 0 if it was stopped meanwhile."""
        number = self._ask(count=_plain(messages))
        return int(self._reply(number).get("count", 0))

    def generate(self, messages: Sequence[Message], form: Form, limit: int) -> Iterator[str]:
        """Pieces of the output, at most `limit` tokens. Closing the iterator stops the model, as `stop` does."""
        try:
            number = self._ask(writes=True, generate=_plain(messages), grammar=form.gbnf, limit=limit)
        except ModelUnusable:
            # Stopped while the model was being loaded again.
            if self._stopped == self._asked:
                return
            raise
        try:
            while number == self._asked and "piece" in (reply := self._reply_unless_stopped(number)):
                yield reply["piece"]
        finally:
            if number == self._asked:
                self.stop()
                self._writing = 0

    def stop(self) -> None:
        """End the output that is being generated, from any thread, within 200 ms; its iterator ends too."""
        process, self._stopped = self._process, self._writing
        if self._writing and not process.idle.is_set():
            process.tell({"stop": self._stopped})
            if not process.idle.wait(_OBEYS_WITHIN):
                process.kill()

    def close(self) -> None:
        """Free what the model holds."""
        self._process.end()

    def _ask(self, *, writes: bool = False, **request: Any) -> int:
        """Begin a request; its number. One that writes is what `stop` is about from here on."""
        self.stop()
        self._asked += 1
        self._writing = self._asked if writes else 0
        if not self._process.alive():
            self._process.end()
            self._process = _Process(self._path)
            self._reply(0)
        self._process.tell({"number": self._asked, **request})
        return self._asked

    def _reply(self, number: int) -> dict[str, Any]:
        """The next reply to a request. A process that could not load the model, or must not go on, is ended."""
        try:
            return self._process.reply(number)
        except (ModelUnusable, KeyboardInterrupt):
            if not number:
                self._process.kill()
                self._process.end()
            raise

    def _reply_unless_stopped(self, number: int) -> dict[str, Any]:
        try:
            reply = self._reply(number)
        except ModelUnusable:
            if number != self._stopped:
                raise
            return {}
        return reply if number != self._stopped else {}


class _Process:
    """The parent's end: a child that loads the model at `path` and then works on one request at a time.

    `idle` is set while there is none. Request 0 is to load the model.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.idle = threading.Event()
        self._last = 0
        self._replies: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._telling = threading.Lock()
        # The child finds modules where this process does, and none in the folder that the user works in.
        folders = [*filter(None, sys.path), str(Path(__file__).parent.parent)]
        environment = {
            # llama.cpp's threads then sleep while they wait for each other: one with a busy core holds up no other.
            "OMP_WAIT_POLICY": "passive",
            **os.environ,
            "PYTHONPATH": os.pathsep.join(folders),
            "GGML_NO_BACKTRACE": "1",
        }
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "assistant.llama.child"],
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
        if "number" in request:
            self._last = request["number"]
            self.idle.clear()
        with self._telling, contextlib.suppress(OSError, ValueError):
            send(self._child.stdin.fileno(), request)

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
        for reply in lines(self._child.stdout.fileno()):
            if "piece" not in reply and reply["number"] == self._last:
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


def _plain(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in messages]
