"""No command opens a socket: all commands of all tests run with sockets forbidden; here it is shown."""

import subprocess
import sys
from pathlib import Path

import pytest
from commands import assistant, environment
from conftest import SORTIES


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
    ],
)
def test_sockets_are_forbidden_indeed(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 99
    assert "A socket was used" in done.stderr


def test_a_first_question_opens_no_socket(first_run: subprocess.CompletedProcess[str]) -> None:
    # It embeds the article with sentence-transformers and answers without.
    assert first_run.returncode == 0


@pytest.mark.parametrize("arguments", [["ask", SORTIES], ["search", "frappes"], ["show", "article.txt:14"], ["index"]])
def test_no_command_opens_a_socket(article_library: Path, arguments: list[str]) -> None:
    assert article_library.is_dir()
    # Whatever Hugging Face's libraries may be told by the environment.
    assert assistant(*arguments, HF_HUB_OFFLINE="0", TRANSFORMERS_OFFLINE="0").returncode == 0


def test_llama_cpp_opens_no_socket(bert_library: Path) -> None:
    assert assistant("ask", "--library", bert_library, SORTIES).returncode == 0
