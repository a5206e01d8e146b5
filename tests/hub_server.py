"""A Hugging Face hub on loopback: the endpoints that huggingface_hub asks for one file, and the ways they fail.

As on the real hub, a file's address answers with its size, checksum and commit and sends on to a second server, which
has the bytes and knows ranges.
"""

import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 20
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Repositories with their files, what is to go wrong, and what was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    """`owner/repository/file` → content."""
    gated: set[str] = field(default_factory=set)
    """Repositories whose licence is to be accepted first."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Sizes that are announced instead of the true ones."""
    checksums: dict[str, str] = field(default_factory=dict)
    """Checksums that are announced instead of the true ones; git's own kind for small files."""
    break_after: list[int] = field(default_factory=list)
    """After how many bytes the next transfers break off."""
    status: int | None = None
    """What every file's address answers, if it is set."""
    delay: float = 0.0
    """Seconds before each piece of a transfer."""
    at_piece: Callable[[], None] | None = None
    """Called before each piece of a transfer."""
    url: str = ""
    asked: list[str] = field(default_factory=list)
    """Methods, addresses, ranges and authorisations, in order."""
    agents: set[str] = field(default_factory=set)
    """What the clients said of themselves."""

    def transfers(self) -> list[str]:
        """The ranges that were asked of the second server."""
        return [line.split(" range=")[1].split(" ")[0] for line in self.asked if line.startswith("GET /bytes/")]


@contextlib.contextmanager
def hub() -> Iterator[Hub]:
    """A running hub."""
    state = Hub()
    with serving(_bytes_handler(state)) as bytes_url, serving(_resolve_handler(state, bytes_url)) as url:
        state.url = url
        yield state


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on loopback, and its address, for as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Hub

    def note(self) -> None:
        self.state.agents.add(self.headers["User-Agent"])
        headers = f"range={self.headers['Range']} authorization={self.headers['Authorization']}"
        self.state.asked.append(f"{self.command} {self.path} {headers}")

    def answer(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": 0, **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Not a word on the terminal."""


def _resolve_handler(state: Hub, bytes_url: str) -> type[_Handler]:
    class Resolve(_Handler):
        def do_HEAD(self) -> None:
            self.note()
            wanted = re.fullmatch(r"/([^/]+/[^/]+)/resolve/(main|[0-9a-f]{40})/(.+)", self.path)
            assert wanted, self.path
            repository, _revision, file = wanted.groups()
            name = f"{repository}/{file}"
            if state.status is not None:
                return self.answer(state.status)
            if not any(known.startswith(f"{repository}/") for known in state.files):
                return self.answer(401, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
            if repository in state.gated:
                return self.answer(403, X_Error_Code="GatedRepo", X_Error_Message="Access is restricted.")
            if name not in state.files:
                return self.answer(404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found")
            content = state.files[name]
            checksum = state.checksums.get(name, hashlib.sha256(content).hexdigest())
            return self.answer(
                302,
                Location=f"{bytes_url}/bytes/{name}",
                X_Repo_Commit=COMMIT,
                X_Linked_Size=state.sizes.get(name, len(content)),
                X_Linked_Etag=f'"{checksum}"',
            )

        def do_GET(self) -> None:
            self.do_HEAD()

    Resolve.state = state
    return Resolve


def _bytes_handler(state: Hub) -> type[_Handler]:
    class Bytes(_Handler):
        def do_GET(self) -> None:
            self.note()
            content = state.files[self.path.removeprefix("/bytes/")]
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
            first = int(asked[1]) if asked else 0
            rest = content[first:]
            around = {"Content_Range": f"bytes {first}-{len(content) - 1}/{len(content)}"} if asked else {}
            self.answer(206 if asked else 200, Content_Length=len(rest), **around)
            limit = state.break_after.pop(0) if state.break_after else len(rest)
            with contextlib.suppress(OSError):  # whoever asked may be gone
                self._send(rest[:limit])
            self.close_connection = limit < len(rest)

        def _send(self, content: bytes) -> None:
            for at in range(0, len(content), PIECE):
                if state.at_piece is not None:
                    state.at_piece()
                time.sleep(state.delay)
                self.wfile.write(content[at : at + PIECE])

    Bytes.state = state
    return Bytes
