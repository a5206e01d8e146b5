"""Windows map tokens back to the characters of their sentence; the best span never leaves its sentence."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from assistant import places
from assistant.spans import LONGEST_SPAN, best_spans, make_window

TOKENIZER = Tokenizer.from_file(str(places.shipped("models/embedder/0_StaticEmbedding/tokenizer.json")))
SENTENCES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), min_size=1, max_size=5)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), SENTENCES, st.integers(70, 200))
def test_a_windows_tokens_are_its_sentences_in_order(question: str, sentences: list[str], longest: int) -> None:
    window = make_window(TOKENIZER, question, sentences, longest)
    assert len(window.tokens) == len(sentences)
    assert len(window.ids) <= longest
    assert window.tokens[-1][1] == len(window.ids) - 1
    for (first, after), sentence in zip(window.tokens, sentences, strict=True):
        for token in range(first, after):
            start, end = window.characters(token, token)
            assert 0 <= start <= end <= len(sentence)


def test_the_characters_of_a_span_are_its_words() -> None:
    sentences = ["Il pleut à Alep.", "En 11 jours, 64 sorties ont été effectuées."]
    window = make_window(TOKENIZER, "Combien de sorties ?", sentences, 64)
    first, after = window.tokens[1]
    told = {sentences[1][slice(*window.characters(t, t + 1))] for t in range(first, after - 1)}
    assert "64 sorties" in told


@given(SENTENCES, st.integers(0, 2**32 - 1))
def test_the_best_span_is_the_best_inside_its_sentence(sentences: list[str], seed: int) -> None:
    window = make_window(TOKENIZER, "Où ?", sentences, 120)
    scores = np.random.default_rng(seed).normal(size=(len(window.ids), 2)).astype(np.float32)
    for (first, after), span in zip(window.tokens, best_spans(scores, window), strict=True):
        allowed = [
            (scores[i, 0] + scores[j, 1], i, j)
            for i in range(first, after)
            for j in range(i, min(after, i + LONGEST_SPAN))
        ]
        if not allowed:
            assert span is None
            continue
        assert span is not None
        assert first <= span.first <= span.last < after
        assert np.isclose(span.score, max(allowed)[0])


def test_a_span_has_at_most_the_longest_length() -> None:
    window = make_window(TOKENIZER, "Où ?", ["mot " * 100], 120)
    scores = np.zeros((len(window.ids), 2), dtype=np.float32)
    first, after = window.tokens[0]
    scores[first, 0] = scores[after - 1, 1] = 9
    (span,) = best_spans(scores, window)
    assert span is not None
    assert span.last - span.first < LONGEST_SPAN
