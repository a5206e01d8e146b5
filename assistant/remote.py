"""A model's name and a server's address → an Engine: any server that speaks OpenAI's chat protocol.

llama.cpp's server, vLLM and Ollama do. Only a user who names such a server uses one. Servers differ in how they bind an
output to a form, and some pass over what they do not know; so the first question is preceded by a small one that shows
which way this server obeys.
"""

import contextlib
import json
import queue
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from assistant.engine import Form, Message
from assistant.errors import ModelUnusable
from assistant.messages import _

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionChunk

_CONTEXT = 4096
_BYTES_PER_TOKEN = 2
_TOKENS_AROUND_A_MESSAGE = 8
_PATIENCE = 120.0
_PATIENCE_TO_CONNECT = 10.0

_TRIAL = [Message("user", "Say hello.")]
_TRIAL_WORD = "citation"
_TRIAL_FORM = Form(
    gbnf=f'root ::= "{_TRIAL_WORD}"',
    schema={
        "type": "object",
        "properties": {"text": {"type": "string", "enum": [_TRIAL_WORD]}},
        "required": ["text"],
        "additionalProperties": False,
    },
)
_TRIAL_TOKENS = 32
_REFUSES_THE_CONSTRAINT = (400, 422, 500, 501)

_OPENING = re.compile(r'\s*\{\s*"text"\s*:\s*"')
# JSON writes a character beyond U+FFFF as two escapes.
_WHOLE_CHARACTERS = re.compile(
    r"""(?:[^"\\]|\\["\\/bfnrt]|\\u(?![dD][89abAB])[0-9a-fA-F]{4}"""
    r"""|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*"""
)

Constraint = Callable[[Form], dict[str, Any]]
"""How a request says what form the output has."""


def grammar(form: Form) -> dict[str, Any]:
    """As llama.cpp's servers have it."""
    return {"extra_body": {"grammar": form.gbnf}}


def json_schema(form: Form) -> dict[str, Any]:
    """As OpenAI, vLLM and Ollama have it."""
    schema = {"name": "answer", "schema": form.schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def json_object(form: Form) -> dict[str, Any]:
    """As llama-cpp-python and others have it that came before OpenAI's way."""
    return {"response_format": {"type": "json_object", "schema": form.schema}}


def unbound(_form: Form) -> dict[str, Any]:
    """The server binds nothing: whoever reads the output checks it, as always."""
    return {}


CONSTRAINTS: tuple[Constraint, ...] = (grammar, json_schema, json_object, unbound)


class RemoteEngine:
    """An Engine that asks `model` of the server at `base_url`. One thread at a time asks; any thread may call `stop`.

    `patience`: seconds without a sign of life until the server counts as lost. `api_key` None is for servers that ask
    for none. `constraints` are tried in turn. Raises ModelUnusable when it is made without the client library, and when
    the server cannot be reached, refuses or breaks off.
    """

    context = _CONTEXT
    """Servers do not say how much they read; this is what Ollama reads if it is not told otherwise."""

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        api_key: str | None = None,
        patience: float = _PATIENCE,
        constraints: Sequence[Constraint] = CONSTRAINTS,
    ) -> None:
        self.name = model
        self.place: str | None = _without_password(base_url)
        self._client = _client(base_url, api_key, patience)
        self._constraints = tuple(constraints)
        self._output: _Output | None = None
        self._stopped = False

    def count(self, messages: Sequence[Message]) -> int:
        """An upper estimate of the messages' tokens in the model's template."""
        size = sum(len(message.content.encode()) for message in messages)
        return size // _BYTES_PER_TOKEN + _TOKENS_AROUND_A_MESSAGE * (len(messages) + 1)

    def generate(self, messages: Sequence[Message], form: Form, limit: int) -> Iterator[str]:
        """Pieces of the output, at most `limit` tokens. Closing the iterator stops the server, as `stop` does."""
        self._stopped = False
        with self._errors():
            if len(self._constraints) > 1:
                obeyed = self._obeyed()
                if self._stopped:
                    return
                self._constraints = (obeyed,)
            yield from self._pieces(messages, self._constraints[0], form, limit)

    def stop(self) -> None:
        """End the output that is being generated, from any thread, at once; its iterator ends too."""
        self._stopped = True
        if self._output is not None:
            self._output.stop()

    def close(self) -> None:
        """Close the connections."""
        self.stop()
        self._client.close()

    def _obeyed(self) -> Constraint:
        """The first constraint that the server obeys."""
        import openai

        *bound, last = self._constraints
        for constraint in bound:
            try:
                said = "".join(self._pieces(_TRIAL, constraint, _TRIAL_FORM, _TRIAL_TOKENS))
            except openai.APIStatusError as error:
                if error.status_code not in _REFUSES_THE_CONSTRAINT:
                    raise
                continue
            if said == _TRIAL_WORD or self._stopped:
                return constraint
        return last

    def _pieces(self, messages: Sequence[Message], constraint: Constraint, form: Form, limit: int) -> Iterator[str]:
        asked: list[Any] = [{"role": message.role, "content": message.content} for message in messages]
        self._output = output = _Output(
            lambda: self._client.chat.completions.create(
                model=self.name, messages=asked, max_tokens=limit, temperature=0, stream=True, **constraint(form)
            )
        )
        try:
            if constraint in (grammar, unbound):
                yield from output
            else:
                yield from _unwrapped(output)
        finally:
            output.stop()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """What the client library raises, as errors that say what to do."""
        import openai

        try:
            yield
        except (openai.OpenAIError, _BrokenOff) as error:
            what, remedy = _said(error)
            facts = {"server": self.place, "model": self.name, "why": _reason(error)}
            raise ModelUnusable(what.format(**facts), remedy.format(**facts)) from error


class _BrokenOff(Exception):
    """The server ended its output without saying that this is its end."""


class _Output:
    """What a server generates, read by a thread, so that whoever waits for a piece can be released at any moment."""

    def __init__(self, begin: "Callable[[], openai.Stream[ChatCompletionChunk]]") -> None:
        self._begin = begin
        self._stream: openai.Stream[ChatCompletionChunk] | None = None
        self._stopped = threading.Event()
        self._pieces: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def __iter__(self) -> Iterator[str]:
        while (piece := self._pieces.get()) is not None and not self._stopped.is_set():
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def stop(self) -> None:
        """End the iteration, and hang up."""
        self._stopped.set()
        self._pieces.put(None)
        if self._stream is not None:
            # To close the connection would not wake the thread that waits for the server; this does.
            network: Any = self._stream.response.extensions.get("network_stream")
            with contextlib.suppress(OSError, AttributeError):
                network.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        try:
            with self._begin() as self._stream:
                self._read_on(self._stream)
        except Exception as error:  # noqa: BLE001 - it is raised again where the pieces are awaited
            self._pieces.put(error)
        self._pieces.put(None)

    def _read_on(self, stream: "openai.Stream[ChatCompletionChunk]") -> None:
        ended = False
        for chunk in stream:
            if self._stopped.is_set():
                return
            for choice in chunk.choices[:1]:
                if choice.delta.content:
                    self._pieces.put(choice.delta.content)
                ended = ended or choice.finish_reason is not None
        if not ended:
            raise _BrokenOff


def _unwrapped(pieces: Iterable[str]) -> Iterator[str]:
    """The string `text` of a JSON object that comes in pieces, as it comes."""
    waiting, opened = "", False
    for piece in pieces:
        waiting += piece
        if not opened and (opening := _OPENING.match(waiting)):
            waiting, opened = waiting[opening.end() :], True
        if opened and (whole := _WHOLE_CHARACTERS.match(waiting)) and whole[0]:
            yield json.loads(f'"{whole[0]}"', strict=False)
            waiting = waiting[whole.end() :]


def _client(base_url: str, api_key: str | None, patience: float) -> "openai.OpenAI":
    try:
        import openai
    except ImportError as error:
        what = _("the client for models on servers is not installed.")
        raise ModelUnusable(what, _("Install it: pip install 'assistant[remote]'")) from error
    timeout = openai.Timeout(patience, connect=min(patience, _PATIENCE_TO_CONNECT))
    # The library refuses to go without a key; servers on one's own machine ask for none.
    return openai.OpenAI(base_url=base_url, api_key=api_key or "none", timeout=timeout, max_retries=0)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _said(error: Exception) -> tuple[str, str]:
    """What failed and what to do, with places for the server, the model and the reason."""
    import openai

    if isinstance(error, _BrokenOff):
        return (
            _("the server {server} broke off its answer."),
            _("See what it logs; the prompt may be too long for it. Without it: assistant ask QUESTION"),
        )
    if isinstance(error, openai.APITimeoutError):
        return (
            _("the server {server} takes too long to answer."),
            _("See whether it works: curl {server}/models. Without it: assistant ask QUESTION"),
        )
    if isinstance(error, openai.APIConnectionError):
        return (
            _("the server {server} cannot be reached, or broke off: {why}."),
            _("Start it, or name another: assistant ask --model openai:{model} --base-url URL"),
        )
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return (
            _("the server {server} refuses the key: {why}."),
            _("Give the right one: OPENAI_API_KEY=… assistant ask --model openai:{model}"),
        )
    if isinstance(error, openai.NotFoundError):
        return (
            _("the server {server} has no model {model}, or is no such server: {why}."),
            _("See its models: curl {server}/models. The address often ends in /v1."),
        )
    return (
        _("the server {server} does not answer with {model}: {why}."),
        _("See what it logs. Without it: assistant ask QUESTION"),
    )


def _reason(error: Exception) -> str:
    """The reason that the client library gives, on one short line."""
    reason = str(error.__cause__ or error).strip() or type(error).__name__
    return reason.splitlines()[0][:200].rstrip(".")
