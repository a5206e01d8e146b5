"""The terminal UI in a browser: each visitor gets a process of `assistant chat`, drawn by textual-serve.

textual-serve takes a WebSocket from any page, and its own page fetches a font from Google. Neither will do for
documents that are not to leave this machine, so requests are checked here and the page is ours.
"""

import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

_TEMPLATES = Path(__file__).parent / "web"


class _OwnPagesOnly(Server):
    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(_refuse_other_pages(self.host))
        return app


def serve(options: Sequence[str], host: str, port: int) -> None:
    """Serve `assistant chat` with `options` at host:port until interrupted."""
    command = shlex.join([sys.executable, "-m", "assistant", "chat", *options])
    _OwnPagesOnly(command, host=host, port=port, title="assistant", templates_path=_TEMPLATES).serve()


def _refuse_other_pages(host: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Middleware: the page that connects must be one that we served, under a name that we serve."""

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        named = urlsplit(f"//{request.headers.get('Host', '')}").hostname
        origin = request.headers.get("Origin")
        if host in ("localhost", "127.0.0.1", "::1") and named not in ("localhost", "127.0.0.1", "::1"):
            raise web.HTTPForbidden(text="Open this page by the address that assistant printed.")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
            raise web.HTTPForbidden(text="Another page may not talk to assistant.")
        return await handler(request)

    return check
