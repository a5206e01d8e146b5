"""Sequences → llama.cpp's batches: each once, none too long, and as much in one as in the others."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.llama.encoders import batches_of

LONGEST = 384
lengths_of = st.lists(st.integers(1, LONGEST), max_size=80)
lanes_of = st.integers(1, 4)


@given(lengths_of, lanes_of)
def test_each_sequence_is_in_one_batch_that_llama_cpp_can_take(lengths: list[int], lanes: int) -> None:
    batches = batches_of(lengths, lanes, LONGEST)
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))
    assert all(0 < sum(lengths[number] for number in batch) <= LONGEST for batch in batches)
    assert all(len(batch) <= 32 for batch in batches)


@given(st.lists(st.integers(20, 80), min_size=2, max_size=6), st.integers(2, 4))
def test_a_questions_passages_keep_all_lanes_equally_busy(lengths: list[int], lanes: int) -> None:
    sizes = [sum(lengths[number] for number in batch) for batch in batches_of(lengths, lanes, 600)]
    assert max(sizes) - min(sizes) <= max(lengths)
    assert len(sizes) == min(lanes, max(1, sum(lengths) // 64))


def test_what_has_few_tokens_is_encoded_at_once_since_few_are_slow() -> None:
    assert batches_of([20], 4, LONGEST) == [[0]]
    assert batches_of([5, 7, 9], 4, LONGEST) == [[2, 1, 0]]
    assert sorted(map(sorted, batches_of([59] * 6, 2, LONGEST))) == [[0, 2, 4], [1, 3, 5]]


def test_nothing_is_no_batch() -> None:
    assert batches_of([], 2, LONGEST) == []
