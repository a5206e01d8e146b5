"""Windows map tokens back to the characters of their sentence; the best span is whole and never leaves its sentence."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.phrases import is_whole, trimmed
from assistant.reader import default_reader
from assistant.spans import LENGTH_COST, LONGEST_SPAN, SPANS_WEIGHED, TEMPERATURE, Window, best_spans, make_window

TOKENIZER = default_reader().tokenizer
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
            assert not sentence[start:end][:1].isspace()


def test_the_characters_of_a_span_are_its_words() -> None:
    sentences = ["Il pleut à Alep.", "En 11 jours, 64 sorties ont été effectuées."]
    window = make_window(TOKENIZER, "Combien de sorties ?", sentences, 64)
    first, after = window.tokens[1]
    told = {sentences[1][slice(*window.characters(t, u))] for t in range(first, after) for u in range(t, after)}
    assert {"64", "64 sorties", sentences[1]} <= told


def test_text_that_spells_a_mark_is_no_mark() -> None:
    window = make_window(TOKENIZER, "Où est [CLS] ?", ["La marque [SEP] sépare.", "[PAD] remplit."], 100)
    for mark, times in (("[CLS]", 1), ("[SEP]", 2), ("[PAD]", 0)):
        assert window.ids.count(TOKENIZER.token_to_id(mark)) == times


def test_of_a_long_question_the_end_is_read_where_a_follow_up_is() -> None:
    followup = "Et combien de frappes ?"
    asked = TOKENIZER.encode(followup, add_special_tokens=False).ids
    for before in ("", "Quand ? ", "Qui a mené les sorties, et pourquoi ? " * 20):
        window = make_window(TOKENIZER, before + followup, ["Il pleut."], 100)
        end = window.tokens[0][0] - 1
        assert window.ids[end - len(asked) : end] == asked


@given(SENTENCES, st.integers(0, 2**32 - 1))
def test_the_best_span_agrees_best_with_the_likely_ones_of_its_sentence(sentences: list[str], seed: int) -> None:
    window = make_window(TOKENIZER, "Où ?", sentences, 120)
    scores = np.random.default_rng(seed).normal(size=(len(window.ids), 2)).astype(np.float32)
    for (first, after), text, span in zip(window.tokens, sentences, best_spans(scores, window), strict=True):
        allowed = {
            (i, j): float(scores[i, 0] + scores[j, 1])
            for i in range(first, after)
            for j in range(i, min(after, i + LONGEST_SPAN))
        }
        if not allowed:
            assert span is None
            continue
        assert span is not None
        likely = sorted(allowed, key=allowed.__getitem__, reverse=True)[:SPANS_WEIGHED]
        total = sum(math.exp(allowed[one] / TEMPERATURE) for one in likely)
        costs = {one: LENGTH_COST * (one[1] - one[0]) for one in likely}
        weights = {one: math.exp((allowed[one] - costs[one]) / TEMPERATURE) for one in likely}
        agreement = {one: sum(weights[other] * overlap(one, other) for other in likely) for one in likely}
        pieces = {one: trimmed(text, *window.characters(*one)) for one in likely}
        whole = [one for one in likely if is_whole(text, *pieces[one])] or likely
        chosen = [agreement[one] for one in whole if pieces[one] == (span.start, span.end)]
        assert chosen
        assert math.isclose(max(chosen), max(agreement[one] for one in whole), rel_tol=1e-4)
        assert math.isclose(span.score, TEMPERATURE * math.log(total), rel_tol=1e-4, abs_tol=1e-4)


def overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Token F1 of two spans."""
    mine, theirs = (set(range(first, last + 1)) for first, last in (one, other))
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))


def test_a_span_has_at_most_the_longest_length() -> None:
    window = make_window(TOKENIZER, "Où ?", ["mot " * 100], 120)
    scores = np.zeros((len(window.ids), 2), dtype=np.float32)
    first, after = window.tokens[0]
    scores[first, 0] = scores[after - 1, 1] = 9
    (span,) = best_spans(scores, window)
    assert span is not None
    assert len(window.sentences[0][span.start : span.end].split()) <= LONGEST_SPAN


def test_the_answer_is_no_part_of_a_word_and_no_half_of_a_pair_of_brackets() -> None:
    sentence = "Münter, franc-maçon danois (17 cm), vivait au XIXe siècle."
    window = make_window(TOKENIZER, "Qui ?", [sentence], 120)
    assert most_likely(window, "(17 cm") == "17 cm"
    assert most_likely(window, "danois (17 cm") == "danois (17 cm)"
    assert most_likely(window, "franc-maçon dano") == "franc-maçon danois"


def most_likely(window: Window, wanted: str) -> str:
    """What is chosen where the scores are for `wanted`."""
    (sentence,), (first, after) = window.sentences, window.tokens[0]
    start = sentence.index(wanted)
    inside = [t for t in range(first, after) if start < window.characters(t, t)[1] <= start + len(wanted)]
    scores = np.zeros((len(window.ids), 2), dtype=np.float32)
    scores[inside[0], 0] = scores[inside[-1], 1] = 9
    (span,) = best_spans(scores, window)
    assert span is not None
    return sentence[span.start : span.end]
