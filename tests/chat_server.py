"""Servers of OpenAI's chat protocol on loopback: llama-cpp-python's own, and one that does what others do wrong."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from hub_server import serving

PATIENCE = 300.0


@dataclass
class LlamaServer:
    """A running `llama_cpp.server`."""

    url: str
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """End it as the system does when memory runs out."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def llama_server(model: Path, *options: str) -> Iterator[LlamaServer]:
    """llama-cpp-python's server with a model, under the name `tiny`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "tiny"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "2048", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": ""},
    )
    try:
        _wait_for(port, process)
        yield LlamaServer(f"http://127.0.0.1:{port}/v1", process)
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("llama_cpp.server does not start")


@dataclass
class Pretender:
    """A server that says `output`, and what it is to do wrong."""

    output: list[str] = field(default_factory=lambda: ["Bon", "jour"])
    """The pieces of every answer but that to a trial which is obeyed."""
    obeys: set[str] = field(default_factory=set)
    """Which of `grammar`, `json_schema` and `json_object` bind it."""
    refuses: set[str] = field(default_factory=set)
    """Which of them it answers with status 400; it passes over the others."""
    status: int = 200
    """What every request is answered with."""
    breaks_off: bool = False
    """Whether it closes the connection before its answer is at its end."""
    ends_silently: bool = False
    """Whether it leaves out the reason for which it ends."""
    hangs: bool = False
    """Whether it stops in the middle of an answer until the client hangs up."""
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when the client hung up on an answer that hangs."""
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The requests' bodies and, under `authorization`, their keys."""

    def asked_for(self) -> list[str]:
        """Which constraint each request named."""
        return [_constraint(body) for body in self.asked]


def _constraint(body: dict[str, Any]) -> str:
    if "grammar" in body:
        return "grammar"
    return str(body.get("response_format", {"type": "none"})["type"])


@contextlib.contextmanager
def pretender(**wrongs: Any) -> Iterator[Pretender]:
    """A running Pretender."""
    state = Pretender(**wrongs)

    class Handler(_Handler):
        pass

    Handler.state = state
    with serving(Handler) as address:
        state.url = f"{address}/v1"
        yield state


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Pretender

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.state.asked.append({**body, "authorization": self.headers["Authorization"]})
        constraint = _constraint(body)
        status = 400 if constraint in self.state.refuses else self.state.status
        if status != 200:
            error = json.dumps({"error": {"message": "so it is\nand not otherwise", "type": "x"}}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(error)))
            self.end_headers()
            self.wfile.write(error)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):
            self._answer(self._pieces(body, constraint))

    def _pieces(self, body: dict[str, Any], constraint: str) -> list[str]:
        is_trial = len(body["messages"]) == 1 and body["messages"][0]["content"] == "Say hello."
        if not (is_trial and constraint in self.state.obeys):
            return self.state.output
        return ["cita", "tion"] if constraint == "grammar" else ['{"te', 'xt": "cita', 'tion"}']

    def _answer(self, pieces: list[str]) -> None:
        self._send({"role": "assistant"}, None)
        for i, piece in enumerate(pieces):
            if self.state.hangs and i == 1:
                self.connection.settimeout(PATIENCE)
                if self.connection.recv(1) == b"":
                    self.state.hung_up.set()
                return
            self._send({"content": piece}, None)
        if self.state.breaks_off:
            self.close_connection = True
            return
        if not self.state.ends_silently:
            self._send({}, "stop")
        self._write(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, delta: dict[str, str], reason: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self._write(f"data: {json.dumps(chunk)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def log_message(self, *_arguments: object) -> None:
        """Not a word on the terminal."""
