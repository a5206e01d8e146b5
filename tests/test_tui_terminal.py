"""The real program with the real model, in a real terminal (tmux) and a real browser (Chromium)."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Browser
from commands import assistant, command
from conftest import SORTIES

PATIENCE = 60  # seconds until something counts as never coming; the machine may be busy


class Terminal:
    """A tmux session of its own server; the shell in it outlives the program."""

    def __init__(self, folder: Path, size: tuple[int, int] = (120, 30)) -> None:
        self._socket = folder / "tmux"
        self._tmux("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "env PS1='$ ' TERM=xterm-256color sh")
        self.wait("$")

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", os.devnull, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout

    def type(self, text: str, *keys: str) -> None:
        self._tmux("send-keys", "-l", text)
        if keys:
            self._tmux("send-keys", *keys)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def screen(self, *, styled: bool = False) -> str:
        return self._tmux("capture-pane", "-p", *(["-e"] if styled else []))

    def wait(self, text: str) -> str:
        return eventually(self.screen, lambda screen: text in screen)

    def child(self) -> int:
        """The process that the shell runs."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", shell], capture_output=True, text=True, check=True)
        return int(found.stdout.split()[0])

    def close(self) -> None:
        self._tmux("kill-server")


def eventually(look: Callable[[], str], right: Callable[[str], bool]) -> str:
    end = time.monotonic() + PATIENCE
    seen = ""
    while time.monotonic() < end:
        seen = look()
        if right(seen):
            return seen
        time.sleep(0.1)
    raise AssertionError(seen)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed: apt-get install tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def chat(library: Path, *options: str) -> str:
    return " ".join(command("chat", "--library", library, "--lang", "en", "--no-history", *options))


def test_ask_see_the_sentence_and_quit(terminal: Terminal, article_library: Path) -> None:
    terminal.type(chat(article_library), "Enter")
    terminal.wait("1 document: article.txt")
    terminal.type(SORTIES, "Enter")
    terminal.wait("▸1 article.txt, sentence 14")
    styled = eventually(lambda: terminal.screen(styled=True), lambda screen: "48;5;" in screen or "48;2;" in screen)
    assert "64 sorties et 55 frappes" in terminal.screen()
    assert "\x1b[1m" in styled or ";1m" in styled or "\x1b[1;" in styled
    terminal.press("C-q")
    eventually(terminal.screen, lambda screen: "Ask your documents" not in screen and SORTIES not in screen)
    terminal.type("echo still a $((40 + 2))", "Enter")
    terminal.wait("still a 42")


def test_the_first_start_makes_the_library_on_the_screen(terminal: Terminal, tmp_path: Path) -> None:
    start = " ".join(command("chat", "--lang", "en", "--no-history"))
    terminal.type(f"ASSISTANT_HOME={tmp_path / 'fresh'} {start}", "Enter")
    terminal.wait("this happens once")
    terminal.wait("1 document: article.txt")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_usable_after_the_program_was_ended(
    terminal: Terminal, article_library: Path, how: signal.Signals
) -> None:
    terminal.type(chat(article_library), "Enter")
    terminal.wait("1 document: article.txt")
    os.kill(terminal.child(), how)
    restored(terminal)


BLOCKED = """
import sys, threading
from pathlib import Path
from textual.screen import Screen
from assistant.tui.app import AssistantApp

class Blocked(AssistantApp):
    CSS_PATH = None
    def get_default_screen(self):
        return Screen()
    def on_ready(self):
        Path(sys.argv[1]).touch()
        threading.Event().wait()

Blocked(None, None).run()
"""


def test_it_ends_with_its_terminal_whatever_it_waits_for(terminal: Terminal, tmp_path: Path) -> None:
    """Textual may wait for a terminal that is gone to be written to."""
    program, ready = tmp_path / "blocked.py", tmp_path / "ready"
    program.write_text(BLOCKED)
    terminal.type(f"{sys.executable} {program} {ready}", "Enter")
    eventually(lambda: str(ready.exists()), "True".__eq__)
    blocked = Path(f"/proc/{terminal.child()}")
    os.kill(int(blocked.name), signal.SIGHUP)
    eventually(lambda: str(blocked.exists()), "False".__eq__)


def test_the_terminal_is_usable_after_a_crash(terminal: Terminal) -> None:
    crash = "from assistant.tui.app import AssistantApp; AssistantApp(None, None).run()"
    terminal.type(f'{sys.executable} -c "{crash}"', "Enter")
    terminal.wait("AttributeError")
    restored(terminal)


def restored(terminal: Terminal) -> None:
    """Whether what is typed is echoed on the normal screen, and the mouse reports nothing."""
    time.sleep(0.5)
    terminal.press("Enter")
    terminal.type(
        "echo still a $((40 + 2)); stty -a | tr ' ' '\\n' | grep -x -e echo -e icanon | xargs echo is", "Enter"
    )
    terminal.wait("still a 42")
    terminal.wait("is icanon echo")


def test_no_color_is_honoured(terminal: Terminal, article_library: Path) -> None:
    terminal.type(f"NO_COLOR=1 {chat(article_library)}", "Enter")
    terminal.wait("1 document: article.txt")
    terminal.type(SORTIES, "Enter")
    terminal.wait("▸1 article.txt")
    colours = [part for part in terminal.screen(styled=True).split("\x1b[") if part.startswith(("38;2;", "48;2;"))]
    rgb = [part.split("m")[0].split(";")[2:5] for part in colours]
    assert all(len(set(channels)) == 1 for channels in rgb), rgb


def test_without_a_terminal_it_says_what_to_type(article_library: Path) -> None:
    done = assistant("chat", "--library", article_library)
    assert done.returncode == 2
    assert "assistant ask" in done.stderr


@pytest.fixture
def server(article_library: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = command("serve", "--library", article_library, "--lang", "en", "--no-history", "--port", str(port))
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        host = f"127.0.0.1:{port}"
        eventually(lambda: get(host, host)[0], lambda status: status == "200")
        yield host
        process.terminate()


def get(host: str, named: str, path: str = "/", **headers: str) -> tuple[str, str]:
    """The status and body of a request to a server; 000 if there is none yet."""
    import http.client

    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": named, **headers})
        response = connection.getresponse()
        return str(response.status), response.read().decode("utf-8", "replace")
    except OSError:
        return "000", ""
    finally:
        connection.close()


def test_the_page_fetches_nothing_from_elsewhere_and_refuses_strangers(server: str) -> None:
    _status, page = get(server, server)
    fetched = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(fetched) == 3
    assert all(address.startswith("/") and not address.startswith("//") for address in fetched)
    assert get(server, "evil.example")[0] == "403"
    assert get(server, server, "/ws", Origin="http://evil.example")[0] == "403"


async def test_it_runs_in_chromium_and_shows_the_source(server: str, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    amber = (0xF2, 0xC1, 0x4E)
    async with asyncio.timeout(PATIENCE), Browser(chromium, tmp_path, f"http://{server}/") as browser:
        while "-first-byte" not in str(await browser.evaluate("document.body.className")):
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        while "xterm" not in str(await browser.evaluate("document.activeElement.className")):
            await asyncio.sleep(0.2)
        assert await browser.pixels(*amber) < 50
        await browser.type(SORTIES)
        while await browser.pixels(*amber) < 200:
            await asyncio.sleep(0.5)
