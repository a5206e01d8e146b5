"""Sentences → passages, on any text: runs of neighbours, each sentence in focus once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from texts import any_text

from assistant.passages import MAX_WORDS, NEIGHBOUR_WEIGHT, NEIGHBOURS, blend, make_passages
from assistant.sentences import Sentence, split_sentences


def passages_of(lengths: list[int]) -> list[tuple[int, int, int]]:
    """Passages (focus, first, last) of sentences with so many words each."""
    text, sentences = "", []
    for number, length in enumerate(lengths, 1):
        words = " ".join(["mot"] * length)
        sentences.append(Sentence(number, len(text), len(text) + len(words)))
        text += words + "\n"
    return [(p.focus, p.first, p.last) for p in make_passages(text, sentences)]


@given(any_text())
def test_passages_are_runs_of_neighbours_around_each_sentence(text: str) -> None:
    sentences = split_sentences(text)
    passages = make_passages(text, sentences)
    assert [passage.focus for passage in passages] == [sentence.number for sentence in sentences]
    for passage in passages:
        assert 1 <= passage.first <= passage.focus <= passage.last <= len(sentences)
        assert passage.last - passage.first <= 2 * NEIGHBOURS
        run = sentences[passage.first - 1 : passage.last]
        words = sum(len(text[sentence.start : sentence.end].split()) for sentence in run)
        assert words <= MAX_WORDS or len(run) == 1


def test_short_sentences_take_their_neighbours() -> None:
    assert passages_of([3] * 6) == [(1, 1, 3), (2, 1, 4), (3, 1, 5), (4, 2, 6), (5, 3, 6), (6, 4, 6)]


def test_a_sentence_beyond_the_budget_stands_alone() -> None:
    assert passages_of([3, MAX_WORDS + 1, 3]) == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]


def test_a_neighbour_beyond_the_budget_is_left_out() -> None:
    assert passages_of([3, 3, MAX_WORDS]) == [(1, 1, 2), (2, 1, 2), (3, 3, 3)]


def test_no_sentences_no_passages() -> None:
    assert make_passages(" \n", []) == []


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_a_passages_vector_is_its_focus_leaning_on_its_neighbours(count: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    text = "Oui. " * count
    passages = make_passages(text, split_sentences(text))
    blended = blend(vectors, passages)
    assert blended.dtype == np.float32
    for passage, vector in zip(passages, blended, strict=True):
        others = [vectors[n - 1] for n in range(passage.first, passage.last + 1) if n != passage.focus]
        wanted = vectors[passage.focus - 1] + NEIGHBOUR_WEIGHT * np.sum([np.zeros(8), *others], axis=0)
        np.testing.assert_allclose(vector, wanted / np.linalg.norm(wanted), atol=1e-5)
