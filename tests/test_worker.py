"""A chat model in a process of its own, which may crash, be killed or be stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import NO_NETWORK, PATIENCE, environment
from tiny_models import foreign_model, random_model, scripted_model, truncated_model

from assistant import messages, places
from assistant.engine import Form, Message
from assistant.errors import ModelUnusable
from assistant.llama import ChatModel
from assistant.worker import LocalEngine

ASKED = [Message("system", "Answer."), Message("user", "Combien de sorties ?")]
LONG = [Message("user", "mot " * 2000)]
ENDLESS = Form(r"root ::= [^\n] root", {})
SCRIPT = "Il y a eu 64 sorties [1]. « Déjà » dit-il."
AT_ONCE = 0.2  # seconds

# The package that is tested, wherever it is, and no socket.
OFFLINE = environment(PYTHONPATH=os.pathsep.join([str(NO_NETWORK), str(Path(messages.__file__).parents[1])]))

PARENT = """
import sys
from pathlib import Path
from assistant.engine import Form, Message
from assistant.worker import LocalEngine
engine = LocalEngine(Path(sys.argv[1]))
try:
    for piece in engine.generate([Message("user", "?")], Form(sys.argv[2], {}), 8000):
        print(piece, end="", flush=True)
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
print(sys.stdin.read())
"""


@pytest.fixture(scope="module")
def models(home: Path) -> Path:
    return home / "tiny"


@pytest.fixture
def engine(models: Path) -> Iterator[LocalEngine]:
    opened = LocalEngine(random_model(models))
    yield opened
    opened.close()


def children(parent: int) -> list[int]:
    """The processes that run a model for `parent`."""
    listed = subprocess.run(["ps", "-o", "pid=,stat=,args=", "--ppid", str(parent)], capture_output=True, text=True)
    lines = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return [int(line[0]) for line in lines if line[1][0] != "Z" and "assistant.llama.child" in line[2]]


def running(process: int) -> bool:
    """Whether any of its threads is left: the first may have ended before the others let go of the pipes."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" or len(list(Path(f"/proc/{process}/task").iterdir())) > 1
    except FileNotFoundError:
        return False


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def text(engine: LocalEngine, limit: int = 60) -> str:
    return "".join(engine.generate(ASKED, ENDLESS, limit))


def once_at_once(attempt: Callable[[], float]) -> bool:
    """Whether one of ten attempts takes at most 200 ms: what a busy machine can do once, the program can do."""
    return any(attempt() < AT_ONCE for _ in range(10))


class TestAnswering:
    def test_pieces_arrive_one_by_one(self, tmp_path: Path) -> None:
        engine = LocalEngine(scripted_model(tmp_path / "scripted.gguf", SCRIPT))
        pieces = list(engine.generate(ASKED, Form(r"root ::= [^\n]+", {}), 100))
        engine.close()
        assert "".join(pieces) == SCRIPT
        assert len(pieces) > 5

    def test_it_says_what_the_model_in_this_process_would(self, engine: LocalEngine, models: Path) -> None:
        here = ChatModel(random_model(models))
        expected = "".join(here.generate(ASKED, ENDLESS.gbnf, 60)), here.count(ASKED), here.context
        here.close()
        assert (text(engine), engine.count(ASKED), engine.context) == expected

    def test_it_is_named_after_its_file_unless_told(self, models: Path) -> None:
        named = [LocalEngine(random_model(models)), LocalEngine(random_model(models), "small")]
        assert [engine.name for engine in named] == [random_model(models).stem, "small"]
        assert [engine.place for engine in named] == [None, None]
        for engine in named:
            engine.close()

    def test_a_grammar_with_a_mistake_is_the_callers(self, engine: LocalEngine) -> None:
        with pytest.raises(ValueError, match="cannot read this grammar"):
            list(engine.generate(ASKED, Form("root ::= nonesuch", {}), 10))
        assert text(engine)

    def test_the_streams_of_the_program_are_left_alone(self, tmp_path: Path) -> None:
        """Also from a program without a file of its own, in a folder whose modules are not ours."""
        (tmp_path / "json.py").write_text("raise SystemExit('a module of the folder was imported')")
        model = scripted_model(tmp_path / "scripted.gguf", SCRIPT)
        done = subprocess.run(
            [sys.executable, "-P", "-c", PARENT, model, r"root ::= [^\n]+"],
            input="typed meanwhile",
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=OFFLINE,
            check=False,
        )
        assert (done.stdout, done.stderr) == (f"{SCRIPT}typed meanwhile\n", "")


class TestStopping:
    def test_closing_the_iterator_stops_the_model_at_once(self, engine: LocalEngine) -> None:
        expected = text(engine)

        def attempt() -> float:
            pieces = engine.generate(ASKED, ENDLESS, 8000)
            next(pieces)
            process, started = engine.pid, time.perf_counter()
            pieces.close()  # type: ignore[attr-defined]
            taken = time.perf_counter() - started
            # A process that was killed instead would have to load the model again.
            return taken if text(engine) == expected and engine.pid == process else PATIENCE

        assert once_at_once(attempt)

    def test_another_thread_stops_it_while_it_reads_a_long_prompt(self, engine: LocalEngine) -> None:
        outputs: list[list[str]] = []

        def attempt() -> float:
            engine.count(ASKED)
            reading = threading.Thread(target=lambda: outputs.append(list(engine.generate(LONG, ENDLESS, 10))))
            reading.start()
            time.sleep(0.05)
            started = time.perf_counter()
            engine.stop()
            reading.join()
            return time.perf_counter() - started if running(engine.pid) else PATIENCE

        assert once_at_once(attempt)
        assert not any(outputs)

    def test_a_process_that_does_not_obey_is_killed_and_started_again(self, engine: LocalEngine) -> None:
        expected, process = text(engine), engine.pid
        pieces = engine.generate(ASKED, ENDLESS, 8000)
        next(pieces)
        os.kill(process, signal.SIGSTOP)
        pieces.close()  # type: ignore[attr-defined]
        wait_until(lambda: not running(process))
        assert text(engine) == expected
        assert engine.pid != process

    def test_a_new_question_ends_the_one_before(self, engine: LocalEngine) -> None:
        expected = text(engine)
        old = engine.generate(ASKED, ENDLESS, 8000)
        next(old)
        assert text(engine) == expected
        assert list(old) == []

    def test_stopping_what_is_not_running_is_nothing(self, engine: LocalEngine) -> None:
        engine.stop()
        expected = text(engine)
        engine.stop()
        assert text(engine) == expected

    def test_counting_is_not_an_output_to_be_stopped(self, engine: LocalEngine) -> None:
        expected = engine.count(ASKED)
        counts: list[int] = []
        counting = threading.Thread(target=lambda: counts.extend(engine.count(ASKED) for _ in range(100)))
        counting.start()
        while counting.is_alive():
            engine.stop()
        assert counts == [expected] * 100

    def test_ctrl_c_ends_the_program_and_the_model_without_a_traceback(self, models: Path) -> None:
        command = [sys.executable, "-c", PARENT, random_model(models), ENDLESS.gbnf]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, **pipes, env=OFFLINE, start_new_session=True) as parent:  # type: ignore[call-overload]
            parent.stdout.read(1)
            (child,) = children(parent.pid)
            os.killpg(parent.pid, signal.SIGINT)
            _, told = parent.communicate(timeout=PATIENCE)
        assert told == b"interrupted\n"
        wait_until(lambda: not running(child))


class TestDying:
    @pytest.mark.parametrize(
        ("how", "what", "remedy"),
        [
            (signal.SIGKILL, "was killed, as the system does when memory runs out", "a smaller model"),
            (signal.SIGSEGV, r"llama.cpp crashed .*\(status -11\)", "Ask again"),
        ],
    )
    def test_a_death_is_told_and_the_next_question_is_answered(
        self, engine: LocalEngine, how: signal.Signals, what: str, remedy: str
    ) -> None:
        expected, process = text(engine), engine.pid
        pieces = engine.generate(ASKED, ENDLESS, 8000)
        next(pieces)
        os.kill(process, how)
        with pytest.raises(ModelUnusable, match=what) as told:
            list(pieces)
        assert remedy in told.value.remedy
        assert "assistant models list" in told.value.remedy
        assert text(engine) == expected
        assert engine.pid != process

    def test_a_death_between_questions_is_not_noticed(self, engine: LocalEngine) -> None:
        expected, process = text(engine), engine.pid
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: not running(process))
        assert text(engine) == expected

    def test_a_model_that_vanished_meanwhile_is_told(self, models: Path, tmp_path: Path) -> None:
        path = tmp_path / "model.gguf"
        path.write_bytes(random_model(models).read_bytes())
        engine = LocalEngine(path)
        path.unlink()
        os.kill(engine.pid, signal.SIGKILL)
        wait_until(lambda: not running(engine.pid))
        for _ in range(2):
            with pytest.raises(ModelUnusable, match="no model file"):
                engine.count(ASKED)
        path.write_bytes(random_model(models).read_bytes())
        assert engine.count(ASKED) > 0
        engine.close()

    def test_it_dies_with_the_program(self, models: Path) -> None:
        command = [sys.executable, "-c", PARENT, random_model(models), ENDLESS.gbnf]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=OFFLINE) as parent:
            assert parent.stdout is not None
            parent.stdout.read(1)
            (child,) = children(parent.pid)
            parent.kill()
        wait_until(lambda: not running(child))

    def test_it_dies_when_closed(self, models: Path) -> None:
        engine = LocalEngine(random_model(models))
        process = engine.pid
        assert running(process)
        engine.close()
        assert not running(process)

    def test_memory_runs_out_for_it_first(self, engine: LocalEngine) -> None:
        ours, its = (int(Path(f"/proc/{process}/oom_score_adj").read_text()) for process in ("self", engine.pid))
        assert its > ours or ours >= 500


class TestRefusal:
    @pytest.mark.parametrize(
        "make",
        [
            lambda folder: folder / "nonesuch.gguf",
            truncated_model,
            foreign_model,
            lambda _folder: places.shipped("models/reader/reader-q8_0.gguf"),
            lambda folder: random_model(folder, template="{% for"),
        ],
    )
    def test_what_the_model_refuses_is_told_as_it_would(self, models: Path, make: Callable[[Path], Path]) -> None:
        path = make(models)
        with pytest.raises(ModelUnusable) as here:
            ChatModel(path)
        with pytest.raises(ModelUnusable) as there:
            LocalEngine(path)
        assert str(there.value) == str(here.value)
        assert children(os.getpid()) == []

    def test_it_is_told_in_the_language_in_use(self, models: Path) -> None:
        messages.use("fr")
        with pytest.raises(ModelUnusable, match=r"aucun fichier de modèle .*nonesuch.gguf"):
            LocalEngine(models / "nonesuch.gguf")

    def test_a_prompt_that_is_too_long_is_told_and_the_next_one_answered(self, models: Path) -> None:
        engine = LocalEngine(random_model(models, context=512))
        with pytest.raises(ModelUnusable, match="can read 512"):
            list(engine.generate(LONG, ENDLESS, 10))
        assert text(engine)
        engine.close()
