"""Times of the terminal UI as a person sees them, through a pseudo-terminal: the real program, library and model.

    python tests/bench/terminal.py [RUNS]

First paint against `python -c "import textual.app"`, Enter to answer, and key to echo while a question is answered.
"""

import os
import pty
import select
import statistics
import subprocess
import sys
import termios
import time
from collections.abc import Callable

QUESTION = "Combien de sorties ont été effectuées en 11 jours ?"
KEYS = "#%&@$~^|"


class Program:
    """The chat in a pseudo-terminal of 120×40."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        child, self.terminal = pty.fork()
        if child == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execvp(sys.executable, [sys.executable, "-m", "assistant", "chat", "--no-history", "--lang", "en"])
        termios.tcsetwinsize(self.terminal, (40, 120))
        self.child = child

    def until(self, text: str) -> float:
        """The time at which `text` was drawn."""
        seen = ""
        while text not in seen:
            if not select.select([self.terminal], [], [], 60)[0]:
                raise TimeoutError(text)
            seen += os.read(self.terminal, 65536).decode("utf-8", "replace")
        return time.perf_counter()

    def drain(self) -> None:
        """Read what was drawn so far."""
        while select.select([self.terminal], [], [], 0.0)[0]:
            os.read(self.terminal, 65536)

    def send(self, keys: str) -> float:
        """Type; returns when."""
        os.write(self.terminal, keys.encode())
        return time.perf_counter()

    def quit(self) -> None:
        self.send("\x11")
        try:
            while os.read(self.terminal, 65536):
                pass
        except OSError:
            pass
        os.waitpid(self.child, 0)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    figures: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, seconds in one_run():
            figures.setdefault(name, []).append(1000 * seconds)
    for name, values in figures.items():
        print(f"{name:<34} median {statistics.median(values):7.0f} ms   max {max(values):7.0f} ms   n {len(values)}")


def one_run() -> list[tuple[str, float]]:
    found = [("python -c 'import textual.app'", timed(lambda: python("import textual.app")))]
    program = Program()
    found.append(("start to first paint", program.until("ype a question") - program.started))
    found += [("key to echo, library opening", echo(program, key)) for key in KEYS]
    program.send("\x15")
    program.until("ype a question")
    time.sleep(2)
    found += [("key to echo, idle", echo(program, key)) for key in KEYS]
    program.send("\x15")
    program.until("ype a question")
    for _ in range(3):
        program.send(QUESTION)
        program.until("jours ?")
        enter = program.send("\r")
        found.append(("Enter to answer", program.until("confidence") - enter))
    for key in KEYS:
        program.send("\x15" + QUESTION)
        time.sleep(0.2)
        program.send("\r")
        found.append(("key to echo, question answered", echo(program, key)))
        time.sleep(0.5)
    program.quit()
    return found


def echo(program: Program, key: str) -> float:
    program.drain()
    typed = program.send(key)
    return program.until(key) - typed


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    main()
