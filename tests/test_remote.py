"""A model behind a server: llama-cpp-python's own for what works, another one for what goes wrong."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import LlamaServer, llama_server, pretender
from commands import PATIENCE, environment
from tiny_models import random_model

from assistant.engine import Form, Message
from assistant.errors import ModelUnusable
from assistant.remote import RemoteEngine, json_object, json_schema, unbound

QUESTION = [Message("system", "Réponds."), Message("user", "Combien de sorties ?")]
STATEMENT = Form(
    gbnf='root ::= [a-z]{3,9} " [" [1-3] "]"',
    schema={
        "type": "object",
        "properties": {"text": {"type": "string", "enum": ["une phrase [1]", "l’été\\n[2]"]}},
        "required": ["text"],
        "additionalProperties": False,
    },
)
ENDLESS = Form(gbnf="root ::= [a-z]+", schema={})


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[LlamaServer]:
    with llama_server(random_model(home / "models")) as running:
        yield running


def test_a_server_of_llama_cpp_is_bound_by_the_grammar(server: LlamaServer) -> None:
    engine = RemoteEngine("tiny", server.url)
    for number in range(5):
        output = "".join(engine.generate([*QUESTION, Message("user", str(number))], STATEMENT, 40))
        assert re.fullmatch(r"[a-z]{3,9} \[[1-3]\]", output)
    engine.close()


def test_or_by_the_schema(server: LlamaServer) -> None:
    engine = RemoteEngine("tiny", server.url, constraints=(json_schema, json_object, unbound))
    output = "".join(engine.generate(QUESTION, STATEMENT, 60))
    assert output in STATEMENT.schema["properties"]["text"]["enum"]


def test_it_generates_no_more_than_the_limit(server: LlamaServer) -> None:
    assert 0 < len(list(RemoteEngine("tiny", server.url).generate(QUESTION, ENDLESS, 12))) <= 12


def test_it_streams(server: LlamaServer) -> None:
    pieces = list(RemoteEngine("tiny", server.url).generate(QUESTION, STATEMENT, 40))
    assert len(pieces) > 3


def test_closing_the_iterator_frees_the_server_at_once(server: LlamaServer) -> None:
    engine = RemoteEngine("tiny", server.url)
    "".join(engine.generate(QUESTION, STATEMENT, 40))
    output = engine.generate(QUESTION, ENDLESS, 1900)
    next(output)
    output.close()
    # The server works on one request at a time.
    assert "".join(engine.generate(QUESTION, STATEMENT, 40))


def test_another_thread_can_stop_it(server: LlamaServer) -> None:
    engine = RemoteEngine("tiny", server.url)
    output = engine.generate(QUESTION, ENDLESS, 1900)
    next(output)
    engine.stop()
    assert list(output) == []


def test_a_prompt_that_the_server_has_no_room_for(server: LlamaServer) -> None:
    with pytest.raises(ModelUnusable, match="broke off") as caught:
        list(RemoteEngine("tiny", server.url).generate([Message("user", "long " * 2000)], STATEMENT, 40))
    assert server.url in caught.value.what


def test_a_server_that_dies_while_it_answers(home: Path) -> None:
    with llama_server(random_model(home / "models")) as server:
        engine = RemoteEngine("tiny", server.url)
        "".join(engine.generate(QUESTION, STATEMENT, 40))
        output = engine.generate(QUESTION, ENDLESS, 1900)
        next(output)
        server.kill()
        with pytest.raises(ModelUnusable, match="cannot be reached, or broke off"):
            list(output)
        with pytest.raises(ModelUnusable, match="cannot be reached"):
            list(engine.generate(QUESTION, STATEMENT, 40))


def test_a_server_that_wants_a_key(home: Path) -> None:
    with llama_server(random_model(home / "models"), "--api_key", "sesame") as server:
        assert "".join(RemoteEngine("tiny", server.url, api_key="sesame").generate(QUESTION, STATEMENT, 40))
        for wrong in ("wrong", None):
            with pytest.raises(ModelUnusable, match="refuses the key") as caught:
                list(RemoteEngine("tiny", server.url, api_key=wrong).generate(QUESTION, STATEMENT, 40))
            assert "OPENAI_API_KEY" in caught.value.remedy


@pytest.mark.parametrize(
    ("obeys", "refuses", "tried"),
    [
        (["grammar"], [], ["grammar", "grammar", "grammar"]),
        (["json_schema"], [], ["grammar", "json_schema", "json_schema", "json_schema"]),
        (["json_schema"], ["grammar"], ["grammar", "json_schema", "json_schema", "json_schema"]),
        (["json_object"], ["json_schema"], ["grammar", "json_schema", *["json_object"] * 3]),
        ([], ["grammar", "json_schema", "json_object"], ["grammar", "json_schema", "json_object", "none", "none"]),
        ([], [], ["grammar", "json_schema", "json_object", "none", "none"]),
    ],
)
def test_what_binds_a_server_is_tried_once(obeys: list[str], refuses: list[str], tried: list[str]) -> None:
    is_json = obeys and obeys != ["grammar"]
    output = ['{"text": "Bonj', 'our"}'] if is_json else ["Bonj", "our"]
    with pretender(obeys=set(obeys), refuses=set(refuses), output=output) as server:
        engine = RemoteEngine("m", server.url)
        for _time in range(2):
            assert "".join(engine.generate(QUESTION, STATEMENT, 40)) == "Bonjour"
        assert server.asked_for() == tried
        assert (server.asked[-1]["max_tokens"], server.asked[-1]["temperature"]) == (40, 0)
        assert server.asked[-1]["messages"][0] == {"role": "system", "content": "Réponds."}
        # The trial shows the server nothing of the documents.
        assert "Combien" not in json.dumps(server.asked[0])


def test_json_is_unwrapped_however_it_is_cut() -> None:
    text = 'Il a dit : « oui » "tout de suite"\\ \n\tà l’été, 😀, \u2028 [1].'
    for ascii_only in (True, False):
        whole = json.dumps({"text": text}, ensure_ascii=ascii_only, indent=1)
        for size in (1, 2, 3, 5, 7, 1000):
            pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
            with pretender(obeys={"json_schema"}, output=pieces) as server:
                given = list(RemoteEngine("m", server.url, constraints=(json_schema,)).generate(QUESTION, STATEMENT, 9))
            assert "".join(given) == text
            assert size > 5 or len(given) > 10


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refuses the key: Error code: 401"),
        (403, "refuses the key"),
        (404, "has no model m"),
        (429, "does not answer with m: Error code: 429"),
        (500, "Error code: 500"),
        (503, "Error code: 503"),
    ],
)
def test_a_server_that_refuses(status: int, words: str) -> None:
    with pretender(status=status) as server:
        engine = RemoteEngine("m", server.url)
        with pytest.raises(ModelUnusable, match=words) as caught:
            list(engine.generate(QUESTION, STATEMENT, 40))
        assert server.url in caught.value.what
        assert "\n" not in caught.value.what
        # A server that is busy or being started may obey later.
        server.status, server.obeys = 200, {"grammar"}
        assert "".join(engine.generate(QUESTION, STATEMENT, 40)) == "Bonjour"
        assert server.asked_for()[-1] == ("none" if status == 500 else "grammar")


def test_no_server() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(ModelUnusable, match="cannot be reached") as caught:
            list(RemoteEngine("m", url).generate(QUESTION, STATEMENT, 40))
    assert url in caught.value.what
    assert "assistant ask --model openai:m --base-url" in caught.value.remedy


@pytest.mark.parametrize("wrong", ["breaks_off", "ends_silently"])
def test_an_answer_that_is_not_at_its_end(wrong: str) -> None:
    with pretender(**{wrong: True}) as server:
        engine = RemoteEngine("m", server.url, constraints=(unbound,))
        with pytest.raises(ModelUnusable, match="broke off"):
            list(engine.generate(QUESTION, STATEMENT, 40))


def test_a_server_that_hangs_is_given_up() -> None:
    with pretender(hangs=True) as server:
        engine = RemoteEngine("m", server.url, patience=5.0, constraints=(unbound,))
        output = engine.generate(QUESTION, STATEMENT, 40)
        assert next(output) == "Bon"
        with pytest.raises(ModelUnusable, match="takes too long"):
            next(output)


def test_a_server_that_hangs_is_left_as_soon_as_one_says_so() -> None:
    with pretender(hangs=True) as server:
        engine = RemoteEngine("m", server.url, constraints=(unbound,))
        output = engine.generate(QUESTION, STATEMENT, 40)
        assert next(output) == "Bon"
        threading.Timer(0.2, engine.stop).start()
        assert list(output) == []
        assert server.hung_up.wait(PATIENCE)


def test_even_during_the_trial() -> None:
    with pretender(hangs=True) as server:
        engine = RemoteEngine("m", server.url)
        threading.Timer(0.2, engine.stop).start()
        assert list(engine.generate(QUESTION, STATEMENT, 40)) == []
        assert server.hung_up.wait(PATIENCE)
        # The trial told nothing; it is made again.
        server.hangs, server.obeys = False, {"grammar"}
        assert "".join(engine.generate(QUESTION, STATEMENT, 40)) == "Bonjour"
        assert server.asked_for() == ["grammar", "grammar", "grammar"]


def test_ctrl_c_leaves_a_server_that_hangs() -> None:
    code = """if True:
        import sys
        from assistant.engine import Form, Message
        from assistant.remote import RemoteEngine, unbound
        engine = RemoteEngine("m", sys.argv[1], constraints=(unbound,))
        for piece in engine.generate([Message("user", "Combien ?")], Form("", {}), 40):
            print(piece, flush=True)
    """
    with pretender(hangs=True) as server:
        command = [sys.executable, "-c", code, server.url]
        asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert asking.stdout is not None
        assert asking.stdout.readline() == "Bon\n"
        asking.send_signal(signal.SIGINT)
        _out, error = asking.communicate(timeout=PATIENCE)
        assert error.splitlines()[-1] == "KeyboardInterrupt"
        assert server.hung_up.wait(PATIENCE)


def test_the_key_goes_to_the_server() -> None:
    with pretender() as server:
        list(RemoteEngine("m", server.url, api_key="sesame", constraints=(unbound,)).generate(QUESTION, STATEMENT, 40))
        assert server.asked[0]["authorization"] == "Bearer sesame"


def test_a_password_in_the_address_is_used_and_not_shown() -> None:
    with pretender() as server:
        engine = RemoteEngine("m", server.url.replace("//", "//me:secret@"), constraints=(unbound,))
        list(engine.generate(QUESTION, STATEMENT, 40))
        assert server.asked[0]["authorization"].startswith("Basic ")
        assert engine.place == server.url


def test_tokens_are_not_underestimated() -> None:
    engine = RemoteEngine("m", "http://127.0.0.1:9/v1")
    text = (Path(__file__).parents[1] / "seeds" / "article.txt").read_text("utf-8")
    # French takes about 1.5 tokens a word.
    assert 2 * len(text.split()) < engine.count([Message("user", text)]) < engine.count([Message("user", text)] * 2)
    assert engine.count([Message("user", "")]) > 0


def test_without_the_client_library(tmp_path: Path) -> None:
    (tmp_path / "openai.py").write_text("raise ImportError")
    code = "from assistant.remote import RemoteEngine; RemoteEngine('m', 'http://127.0.0.1:9')"
    variables = environment(PYTHONPATH=tmp_path)
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "  Install it: pip install 'assistant[remote]'"
