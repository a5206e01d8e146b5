"""`assistant models pull` through the real command, from a hub on loopback that does everything that hubs do."""

import contextlib
import itertools
import os
import pty
import re
import resource
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest
from commands import PATIENCE, assistant, command, environment, refused
from hub_server import Hub, hub
from pulls import CONTENT, FILE, NAME, REPOSITORY, SOURCE, WRITTEN, Variables, files, slowly, start_pull


@pytest.fixture
def running() -> Iterator[Hub]:
    with hub() as state:
        state.files[f"{REPOSITORY}/{FILE}"] = CONTENT
        yield state


@pytest.fixture
def settings(running: Hub, tmp_path: Path) -> Variables:
    """The environment of a user of that hub, with a data directory of their own, where sockets are allowed."""
    return {
        "HF_ENDPOINT": running.url,
        "HF_HUB_DOWNLOAD_TIMEOUT": str(PATIENCE),
        "HF_HUB_ETAG_TIMEOUT": str(PATIENCE),
        "HF_HOME": tmp_path / "hf",
        "ASSISTANT_HOME": tmp_path / "home",
        "PYTHONPATH": "",
    }


@pytest.fixture
def pulled(tmp_path: Path) -> Path:
    """Where the model's file belongs."""
    return tmp_path / "home" / "chat-models" / REPOSITORY / FILE


def test_a_model_is_fetched_whole_and_its_path_is_the_answer(settings: Variables, pulled: Path) -> None:
    done = assistant("models", "pull", NAME, **settings)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{pulled}\n", "")
    assert pulled.read_bytes() == CONTENT
    assert files(pulled.parents[2]) == [FILE]


def test_the_hub_learns_nothing_of_this_machine(running: Hub, settings: Variables) -> None:
    assert assistant("models", "pull", NAME, **settings).returncode == 0
    # Otherwise huggingface_hub would say which torch is installed, and which program called it.
    assert [agent for agent in running.agents if not re.fullmatch(r"unknown/None; hf_hub/\S+ python/\S+", agent)] == []


def test_any_file_of_the_hub_can_be_named(running: Hub, settings: Variables, pulled: Path) -> None:
    running.files["some-one/Model.v2/q4/model_a.gguf"] = b"GGUF and so on"
    done = assistant("models", "pull", "some-one/Model.v2:q4/model_a.gguf", **settings)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == pulled.parents[2] / "some-one/Model.v2/q4/model_a.gguf"
    assert Path(done.stdout.strip()).read_bytes() == b"GGUF and so on"


def test_a_model_that_is_here_is_not_asked_for_again(running: Hub, settings: Variables, pulled: Path) -> None:
    assistant("models", "pull", NAME, **settings)
    running.asked.clear()
    # Now with sockets forbidden.
    again = assistant("models", "pull", NAME, **{k: v for k, v in settings.items() if k != "PYTHONPATH"})
    assert (again.returncode, again.stdout) == (0, f"{pulled}\n")
    assert "is here already" in again.stderr
    assert running.asked == []


def test_the_users_token_goes_to_the_hub_and_not_to_the_server_with_the_bytes(
    running: Hub, settings: Variables
) -> None:
    assert assistant("models", "pull", NAME, **settings, HF_TOKEN="hf_secret").returncode == 0
    authorised = {line.split()[1].split("/")[1]: line.split("authorization=")[1] for line in running.asked}
    assert authorised == {"Qwen": "Bearer hf_secret", "bytes": "None"}


def test_a_transfer_that_breaks_off_is_continued_at_once(running: Hub, settings: Variables, pulled: Path) -> None:
    running.break_after = [WRITTEN + 5000, WRITTEN + 7000]
    done = assistant("models", "pull", NAME, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert pulled.read_bytes() == CONTENT
    assert running.transfers() == ["None", f"bytes={WRITTEN}-", f"bytes={2 * WRITTEN}-"]


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_pull_installs_nothing_and_goes_on_later(
    running: Hub, settings: Variables, pulled: Path, blow: signal.Signals
) -> None:
    pull = start_pull(settings)
    slowly(running, pulled, lambda: pull.send_signal(blow))
    _out, error = pull.communicate(timeout=PATIENCE)
    assert pull.returncode == (130 if blow == signal.SIGINT else -blow)
    assert not pulled.exists()
    if blow == signal.SIGINT:
        assert f"to go on: assistant models pull {NAME}" in error.decode()
        assert b"Traceback" not in error
    (left,) = pulled.parent.glob(f"{FILE}.*")
    assert left.stat().st_size == WRITTEN
    assert "no" in assistant("models", "list", **settings).stdout.splitlines()[1].split()
    running.at_piece = None
    running.asked.clear()
    assert assistant("models", "pull", NAME, **settings).returncode == 0
    assert running.transfers() == [f"bytes={WRITTEN}-"]
    assert pulled.read_bytes() == CONTENT
    assert files(pulled.parents[2]) == [FILE]


def test_what_an_interrupted_pull_left_can_be_removed(running: Hub, settings: Variables, pulled: Path) -> None:
    pull = start_pull(settings)
    slowly(running, pulled, pull.kill)
    pull.communicate(timeout=PATIENCE)
    assert assistant("models", "remove", NAME, **settings).returncode == 0
    assert files(pulled.parents[2]) == []


def test_a_file_replaced_on_the_hub_in_between_is_fetched_anew(running: Hub, settings: Variables, pulled: Path) -> None:
    pull = start_pull(settings)
    slowly(running, pulled, pull.kill)
    pull.communicate(timeout=PATIENCE)
    running.at_piece = None
    running.asked.clear()
    running.files[f"{REPOSITORY}/{FILE}"] = CONTENT[::-1]
    assert assistant("models", "pull", NAME, **settings).returncode == 0
    assert running.transfers() == ["None"]
    assert pulled.read_bytes() == CONTENT[::-1]
    assert files(pulled.parents[2]) == [FILE]


def test_a_wrong_checksum_is_told_and_nothing_is_kept(running: Hub, settings: Variables, pulled: Path) -> None:
    running.checksums[f"{REPOSITORY}/{FILE}"] = "0" * 64
    refused(assistant("models", "pull", NAME, **settings), 3, "checksum", f"assistant models pull {SOURCE}")
    assert files(pulled.parents[2]) == []


def test_a_file_without_a_checksum_is_not_fetched(running: Hub, settings: Variables, pulled: Path) -> None:
    running.checksums[f"{REPOSITORY}/{FILE}"] = "0" * 40
    refused(assistant("models", "pull", NAME, **settings), 3, "checksum", f"{running.url}/{REPOSITORY}")
    assert running.transfers() == []


def test_more_bytes_than_announced_are_told(running: Hub, settings: Variables, pulled: Path) -> None:
    running.sizes[f"{REPOSITORY}/{FILE}"] = 1000
    for _attempt in range(2):
        refused(assistant("models", "pull", NAME, **settings), 3, f"assistant models pull {SOURCE}")
    # What was too much was thrown away, and is no obstacle later.
    assert running.transfers() == ["None", "None"]
    running.sizes.clear()
    assert assistant("models", "pull", NAME, **settings).returncode == 0
    assert pulled.read_bytes() == CONTENT


def test_an_unknown_repository(settings: Variables, tmp_path: Path) -> None:
    done = assistant("models", "pull", "no-one/nothing:a.gguf", **settings)
    refused(done, 3, "no repository no-one/nothing", "assistant models list")
    assert not (tmp_path / "home").exists()


def test_an_unknown_file(running: Hub, settings: Variables) -> None:
    done = assistant("models", "pull", f"{REPOSITORY}:other.gguf", **settings)
    refused(done, 3, "no file other.gguf", f"{running.url}/{REPOSITORY}/tree/main")


def test_a_repository_whose_licence_is_to_be_accepted_first(running: Hub, settings: Variables) -> None:
    running.gated.add(REPOSITORY)
    refused(assistant("models", "pull", NAME, **settings), 3, "licence", f"{running.url}/{REPOSITORY}", "hf auth login")


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_hub_that_refuses(running: Hub, settings: Variables, status: int) -> None:
    running.status = status
    done = assistant("models", "pull", NAME, **settings)
    refused(done, 3, f"status {status}", f"assistant models pull {SOURCE}")


def test_no_hub_at_all(settings: Variables) -> None:
    changed = settings | {"HF_ENDPOINT": "http://127.0.0.1:9"}
    refused(assistant("models", "pull", NAME, **changed), 3, "http://127.0.0.1:9", "cannot be reached")


def test_an_address_that_is_none(settings: Variables) -> None:
    changed = settings | {"HF_ENDPOINT": "nonsense"}
    refused(assistant("models", "pull", NAME, **changed), 3, "nonsense", "assistant models pull")


def test_something_else_than_a_hub(settings: Variables, running: Hub) -> None:
    running.status = 200
    refused(assistant("models", "pull", NAME, **settings), 3, "states no size or checksum")


def test_hugging_faces_own_switch_for_offline_is_respected(running: Hub, settings: Variables) -> None:
    done = assistant("models", "pull", NAME, **settings, HF_HUB_OFFLINE="1")
    refused(done, 3, "HF_HUB_OFFLINE", "env -u HF_HUB_OFFLINE assistant models pull")
    assert running.asked == []


def test_a_hub_that_hangs_is_given_up_and_what_came_is_kept(running: Hub, settings: Variables, pulled: Path) -> None:
    over = threading.Event()
    pieces = itertools.count()

    def hang() -> None:
        if next(pieces) >= 16:
            over.wait()

    running.at_piece = hang
    done = assistant("models", "pull", NAME, **settings | {"HF_HUB_DOWNLOAD_TIMEOUT": "1"})
    over.set()
    refused(done, 3, "takes too long", "What has come is kept", f"assistant models pull {SOURCE}")
    running.at_piece = None
    assert assistant("models", "pull", NAME, **settings).returncode == 0
    assert running.transfers()[-1] == f"bytes={WRITTEN}-"
    assert pulled.read_bytes() == CONTENT


def test_a_slow_hub_is_waited_for(running: Hub, settings: Variables, pulled: Path) -> None:
    running.delay = 0.1
    assert assistant("models", "pull", NAME, **settings).returncode == 0
    assert pulled.read_bytes() == CONTENT


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(running: Hub, settings: Variables) -> None:
    running.sizes[f"{REPOSITORY}/{FILE}"] = 10**17
    done = assistant("models", "pull", NAME, **settings)
    refused(done, 3, "100,000,000.0 GB", "free", "assistant models remove")
    assert running.transfers() == []


def test_a_disk_that_fills_up_meanwhile(running: Hub, settings: Variables, pulled: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (15_000_000, 15_000_000))

    pull = start_pull(settings, preexec_fn=limit)
    out, error = pull.communicate(timeout=PATIENCE)
    refused(subprocess.CompletedProcess([], pull.returncode, out.decode(), error.decode()), 3, f"cannot write {pulled}")
    (left,) = pulled.parent.iterdir()
    there = left.stat().st_size
    assert WRITTEN <= there <= 15_000_000
    assert assistant("models", "pull", NAME, **settings).returncode == 0
    assert running.transfers()[-1] == f"bytes={there}-"
    assert pulled.read_bytes() == CONTENT


def test_two_pulls_at_once(settings: Variables, pulled: Path) -> None:
    pulled.parents[2].mkdir(parents=True)
    with filelock.FileLock(pulled.parents[2] / "pulling.lock"):
        refused(assistant("models", "pull", NAME, **settings), 3, "another process", "assistant models list")


def test_a_terminal_shows_how_far_it_is_and_a_pipe_nothing(running: Hub, settings: Variables, pulled: Path) -> None:
    running.delay = 0.1
    shown, terminal = pty.openpty()
    variables = environment(**settings, TERM="xterm", COLUMNS="150")
    pull = subprocess.Popen(command("models", "pull", NAME), env=variables, stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    bar = b""
    with contextlib.suppress(OSError):  # so Linux says that the other end is closed
        while data := os.read(shown, 1 << 16):
            bar += data
    os.close(shown)
    out, _error = pull.communicate(timeout=PATIENCE)
    assert (pull.returncode, out.decode()) == (0, f"{pulled}\n")
    assert FILE in bar.decode()
    assert "10.5/33.6 MB" in bar.decode()
