"""The shipped reader, run by llama.cpp: exact words, inside one sentence, with a calibrated confidence."""

import json
import signal
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import BagOfWords
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from texts import any_text

from assistant import Library, places
from assistant.conversion import in_32_bits
from assistant.documents import Document
from assistant.errors import ModelUnusable
from assistant.indexing import build
from assistant.reader import CALIBRATION_KEY, SpanReader, default_reader
from assistant.retrieval import retrieve
from assistant.spans import Window, make_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHIPPED = places.shipped("models/reader/reader-q8_0.gguf")
TEXT = (
    "Le rapport a été signé le 3 mai 2015. Jeanne Roux dirige le service depuis 2011. Il pleuvait sur Hama. "
    "La ville compte 64 écoles et 12 lycées. Les travaux ont coûté 14 millions d'euros."
)


@pytest.fixture(scope="module")
def reader() -> SpanReader:
    return SpanReader(SHIPPED)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("read") / "library"
    build(folder, [Document.from_text("a.txt", TEXT)], BagOfWords())
    with Library.open(folder, BagOfWords()) as opened:
        yield opened


@pytest.fixture
def bert_gguf(bert_library: Path, home: Path) -> Path:
    """MiniLM as llama.cpp runs it for embedding."""
    return next((home / "models").glob("embedder-*.gguf"))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Combien d'écoles compte la ville ?", "64"),
        ("Quand le rapport a-t-il été signé ?", "3 mai 2015"),
        ("Qui dirige le service ?", "Jeanne Roux"),
        ("How many schools does the city have?", "64"),
    ],
)
def test_the_answer_is_the_exact_words(reader: SpanReader, library: Library, question: str, answer: str) -> None:
    best = reader.read(question, retrieve(library, question, 5))[0]
    quoted = TEXT[best.start : best.end]
    assert answer in quoted
    assert len(quoted) < len(best.sentence.text)


def test_what_no_sentence_says_is_less_certain_than_what_one_says(reader: SpanReader, library: Library) -> None:
    said, unsaid = (
        reader.read(question, retrieve(library, question, 5))[0].confidence
        for question in ("Combien d'écoles compte la ville ?", "Quel était le nom du pilote abattu ?")
    )
    assert unsaid < reader.threshold < said


class NotingReader(SpanReader):
    """The shipped reader, which notes how many sentences it was asked to read, and how many it was waited for."""

    def __init__(self) -> None:
        super().__init__(SHIPPED)
        self.asked = self.waited_for = 0

    def scores_in_turn(self, groups: Sequence[Sequence[Window]]) -> "Generator[list[NDArray[np.float32]]]":
        """As the reader does."""
        self.asked = sum(len(window.sentences) for group in groups for window in group)
        self.waited_for = 0
        for group, scores in zip(groups, super().scores_in_turn(groups), strict=True):
            self.waited_for += sum(len(window.sentences) for window in group)
            yield scores


def test_the_best_passages_are_read_first_and_the_others_only_if_these_do_not_surely_say(library: Library) -> None:
    reader = NotingReader()
    said, unsaid = "Combien d'écoles compte la ville ?", "Quel était le nom du pilote abattu ?"
    assert reader.read(said, retrieve(library, said, 5))[0].confidence > reader.threshold
    assert (reader.asked, reader.waited_for) == (5, 3)
    assert reader.read(unsaid, retrieve(library, unsaid, 5))[0].confidence < reader.threshold
    assert (reader.asked, reader.waited_for) == (5, 5)


def test_what_was_not_waited_for_changes_no_later_answer(reader: SpanReader, library: Library) -> None:
    question = "Combien d'écoles compte la ville ?"
    hits = retrieve(library, question, 5)
    expected = reader.read(question, hits)
    assert all(reader.read(question, hits) == expected for _ in range(20))
    closed = SpanReader(SHIPPED)
    closed.read(question, hits)
    closed._encoder.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.one_of(any_text(), st.text(min_size=1, max_size=2000)))
def test_any_question_gets_spans_inside_their_sentences(reader: SpanReader, library: Library, question: str) -> None:
    for span in reader.read(question, retrieve(library, question, 4)):
        assert span.sentence.start <= span.start < span.end <= span.sentence.end
        assert 0 <= span.confidence <= 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(any_text())
def test_any_text_can_be_read(reader: SpanReader, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any") / "library"
    build(folder, [Document.from_text("a.txt", f"{text} Fin.")], BagOfWords())
    with Library.open(folder, BagOfWords()) as library:
        for span in reader.read("Où ?", retrieve(library, "Où ?", 10)):
            assert library.text("a.txt")[span.sentence.start : span.sentence.end] == span.sentence.text
            assert span.sentence.start <= span.start < span.end <= span.sentence.end


def test_a_copy_of_a_document_does_not_hide_its_answer(reader: SpanReader, folder: Path) -> None:
    question = "Combien d'écoles compte la ville ?"
    confidences = []
    for copies in (1, 2):
        names = [f"{number}.txt" for number in range(copies)]
        build(folder / str(copies), [Document.from_text(name, f"{TEXT} {name}") for name in names], BagOfWords())
        with Library.open(folder / str(copies), BagOfWords()) as library:
            confidences.append(reader.read(question, retrieve(library, question, 10))[0].confidence)
    assert min(confidences) >= reader.threshold


def test_no_passage_no_answer(reader: SpanReader) -> None:
    assert reader.read("Où ?", []) == []


def test_the_default_reader_is_the_shipped_one_loaded_once() -> None:
    assert default_reader() is default_reader()
    assert default_reader().name.startswith("reader-")


def test_what_is_read_together_is_read_as_if_alone(reader: SpanReader) -> None:
    questions = ["Qui dirige le service ?", "Combien d'écoles compte la ville ?", "Où ?", "Quand le rapport ?"]
    windows = [make_window(reader.tokenizer, question, [TEXT], 200) for question in questions]
    alone = [reader.scores([window])[0] for window in windows]
    with ThreadPoolExecutor(3) as threads:
        for together in threads.map(reader.scores, [windows] * 6):
            for scores, expected in zip(together, alone, strict=True):
                np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_a_window_is_read_alike_whatever_fills_the_batch_up(reader: SpanReader) -> None:
    """llama.cpp computes what is shorter than a tile of its attention in another way."""
    short, other = list(range(100, 120)), list(range(200, 212))
    [[alone]], [[together, _]] = reader._encoder.states([[short]]), reader._encoder.states([[short, other]])
    assert together.shape == alone.shape
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_the_default_reader_multiplies_in_32_bits_what_ships_in_8(reader: SpanReader, library: Library) -> None:
    wide, question = default_reader(), "Combien d'écoles compte la ville ?"
    hits = retrieve(library, question, 5)
    best, also_best = reader.read(question, hits)[0], wide.read(question, hits)[0]
    assert (best.start, best.end) == (also_best.start, also_best.end)
    assert best.confidence == pytest.approx(also_best.confidence, abs=0.02)
    assert best.confidence != also_best.confidence
    assert (wide.name, wide.calibration) == (reader.name, reader.calibration)


def test_a_reader_is_widened_once_and_copies_of_other_versions_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    earlier = tmp_path / "home/models/reader-q8_0-0123456789abcdef-f16.gguf"
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(b"an earlier version's")
    copy = in_32_bits(SHIPPED)
    made = copy.stat().st_mtime_ns
    assert in_32_bits(SHIPPED) == copy
    assert copy.stat().st_mtime_ns == made
    assert list(earlier.parent.iterdir()) == [copy]


def test_where_nothing_can_be_written_the_shipped_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    assert in_32_bits(SHIPPED) == SHIPPED


@pytest.mark.parametrize("size", [0, 4, 20, 300, 100_000, 2_000_000, 10_000_000, SHIPPED.stat().st_size - 100])
def test_a_file_that_ends_too_early_is_said_to_be_damaged(tmp_path: Path, size: int) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(SHIPPED.read_bytes()[:size])
    with pytest.raises(ModelUnusable, match=r"cannot load .*damaged\.gguf"):
        SpanReader(in_32_bits(damaged))


@pytest.mark.parametrize(
    "place",
    [
        b'"added_tokens"',
        b'"vocab":[[',
        b'"retrieval"',
        b'"intercept": ',
        b"assistant.reader.head",
        b"assistant.max_tokens",
    ],
)
@pytest.mark.parametrize("junk", [b"\xff\xfe\x00\xc3", b"]}]}", b"\x80\x80\x80\x80"])
def test_damage_in_what_is_stored_beside_the_weights_is_told(tmp_path: Path, place: bytes, junk: bytes) -> None:
    given = SHIPPED.read_bytes()
    # Behind the key's name: the type of the value and its length stay.
    at = given.index(place) + len(place) + (12 if place.startswith(b"assistant") else 0)
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(given[:at] + junk + given[at + len(junk) :])
    with pytest.raises(ModelUnusable, match=r"damaged.*\.gguf"):
        SpanReader(in_32_bits(damaged))


def test_an_interruption_while_a_model_is_loaded_is_not_lost() -> None:
    """As it would be in a function of ours that llama.cpp calls."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def load_and_wait() -> None:
        SpanReader(SHIPPED)
        time.sleep(5)

    SpanReader(SHIPPED)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for milliseconds in (1, 3, 10, 20, 30, 40, 60, 90):
            signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
            with pytest.raises(KeyboardInterrupt):
                load_and_wait()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_encoder_without_a_head_is_no_reader(bert_gguf: Path) -> None:
    with pytest.raises(ModelUnusable, match="it has no head"):
        SpanReader(bert_gguf)


def test_a_reader_made_for_another_version_is_refused(tmp_path: Path) -> None:
    """Its calibration weighs something else."""
    other = tmp_path / "other.gguf"
    other.write_bytes(SHIPPED.read_bytes().replace(b'"among": ', b'"other": '))
    with pytest.raises(ModelUnusable, match="calibration"):
        SpanReader(other)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"none\.gguf"):
        SpanReader(tmp_path / "none.gguf")


def test_one_file_is_one_model() -> None:
    """Head and calibration travel in the file, which is no bigger than promised."""
    assert SHIPPED.stat().st_size <= 26_000_000
    stored = SpanReader(SHIPPED)._encoder.metadata(CALIBRATION_KEY)
    assert set(json.loads(stored or "{}")) == {"retrieval", "weights", "threshold"}
