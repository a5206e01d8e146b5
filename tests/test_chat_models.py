"""A chat model by whatever it is called: a file, a name of the catalogue, a model on a server."""

import os
import re
from pathlib import Path

import pytest
from chat_server import pretender
from tiny_models import random_model

from assistant import catalogue, places
from assistant.chat_models import open_engine
from assistant.engine import Form, Message
from assistant.errors import AssistantError, BadRequest, ModelUnusable
from assistant.worker import LocalEngine

QUESTION = [Message("user", "Combien de sorties ?")]
STATEMENT = Form(gbnf='root ::= [a-z]{3,9} " [" [1-3] "]"', schema={})


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data directory of its own."""
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    return tmp_path


def answers(model: str, base_url: str | None = None) -> tuple[str, str | None]:
    """The name and the place of an engine that does what an engine does."""
    engine = open_engine(model, base_url)
    try:
        assert engine.context >= 512
        assert engine.count(QUESTION) > 0
        assert re.fullmatch(r"[a-z]{3,9} \[[1-3]\]", "".join(engine.generate(QUESTION, STATEMENT, 40)))
        return engine.name, engine.place
    finally:
        engine.close()


def test_a_file(home: Path) -> None:
    path = random_model(home / "models")
    assert answers(str(path)) == (path.stem, None)


def test_a_files_threads_sleep_while_they_wait_for_each_other(home: Path) -> None:
    """One whose processor is busy would else hold up all: llama.cpp's OpenMP reads this when it is loaded."""
    engine = LocalEngine(random_model(home / "models"))
    try:
        assert b"OMP_WAIT_POLICY=passive" in Path(f"/proc/{engine.pid}/environ").read_bytes().split(b"\0")
    finally:
        engine.close()


def test_a_file_by_any_name_and_under_the_users_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "brain").symlink_to(random_model(home / "models"))
    (tmp_path / "brain.gguf").symlink_to(tmp_path / "brain")
    assert answers(str(tmp_path / "brain")) == ("brain", None)
    assert answers("~/brain.gguf") == ("brain", None)


def test_a_model_of_the_catalogue_and_any_other_that_was_pulled(home: Path, elsewhere: Path) -> None:
    for name in ("qwen3-4b", "some-one/model:a.gguf"):
        path = catalogue.find(name).path
        path.parent.mkdir(parents=True)
        path.symlink_to(random_model(home / "models"))
        assert answers(name) == (name, None)


def test_a_model_on_a_server(elsewhere: Path) -> None:
    with pretender(obeys={"grammar"}, output=["une", " [1]"]) as server:
        assert answers("openai:some/model:7b", server.url) == ("some/model:7b", server.url)
        assert server.asked[-1]["model"] == "some/model:7b"


def test_the_key_comes_from_the_environment(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    with pretender(obeys={"grammar"}, output=["une [1]"]) as server:
        answers("openai:m", server.url)
        assert {body["authorization"] for body in server.asked} == {"Bearer sesame"}


@pytest.mark.parametrize(
    ("model", "base_url", "kind", "what", "remedy"),
    [
        ("qwen3-4b", None, ModelUnusable, "qwen3-4b is not on this machine", "assistant models pull qwen3-4b"),
        ("a/b:c.gguf", None, ModelUnusable, "a/b:c.gguf is not on this machine", "assistant models pull a/b:c.gguf"),
        ("qwen3-5b", None, BadRequest, "no model is called qwen3-5b", "Did you mean qwen3-4b?"),
        ("/no/such.gguf", None, ModelUnusable, "no model file /no/such.gguf", "assistant models list"),
        ("openai:m", None, BadRequest, "openai:m needs the address of a server", "--model openai:m --base-url http://"),
        ("openai:m", "", BadRequest, "needs the address of a server", "--base-url http://"),
        ("openai:", "http://a/v1", BadRequest, "needs the name of a model", "--model openai:NAME"),
        ("openai:m", "localhost:8080", BadRequest, "localhost:8080 is no address", "--base-url http://"),
        ("openai:m", "ftp://a", BadRequest, "ftp://a is no address", "--base-url http://"),
        ("openai:m", "http://", BadRequest, "http:// is no address", "--base-url http://"),
        ("openai:m", "http://a:b/v1", BadRequest, "http://a:b/v1 is no address", "--base-url http://"),
        ("openai:m", "http://[/v1", BadRequest, "is no address", "--base-url http://"),
    ],
)
def test_what_cannot_be_opened(
    elsewhere: Path, model: str, base_url: str | None, kind: type[AssistantError], what: str, remedy: str
) -> None:
    with pytest.raises(kind) as caught:
        open_engine(model, base_url)
    assert what in caught.value.what
    assert remedy in caught.value.remedy


def test_the_environment_names_a_model_for_all_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASSISTANT_MODEL", "ASSISTANT_BASE_URL"):
        assert os.environ.get(name) is None
    assert (places.chat_model(), places.chat_server()) == (None, None)
    monkeypatch.setenv("ASSISTANT_MODEL", "qwen3-4b")
    monkeypatch.setenv("ASSISTANT_BASE_URL", "http://a/v1")
    assert (places.chat_model(), places.chat_server()) == ("qwen3-4b", "http://a/v1")
    monkeypatch.setenv("ASSISTANT_MODEL", "")
    assert places.chat_model() is None
