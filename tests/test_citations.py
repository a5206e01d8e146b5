"""A citation holds or cannot be made; a reply is an answer with citations or an abstention without."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import any_text

from assistant.citations import Citation, Reply, make_reply
from assistant.reader import Span
from assistant.sentences import split_sentences
from assistant.sources import SourceSentence

SENTENCE = SourceSentence("a.txt", 2, 10, 20, "Dix signes")
OTHER = SourceSentence("a.txt", 3, 21, 25, "Oui.")


def cited(**changes: Any) -> Citation:
    parts = {"document": "a.txt", "sentence_number": 2, "start": 10, "end": 20, "sentence": "Dix signes"}
    return Citation(**{**parts, "quote_start": 10, "quote_end": 13, **changes})


def reply_to(*spans: Span, threshold: float = 0.5) -> Reply:
    return make_reply("Combien ?", spans, threshold, "a reader", {"load": 1.0, "retrieve": 2.0, "answer": 3.0})


def test_a_citation_quotes_its_sentence() -> None:
    assert (cited().quote, cited().place) == ("Dix", "a.txt:2")


@pytest.mark.parametrize(
    "changes",
    [
        {"end": 21},
        {"sentence": "Onze signes"},
        {"quote_start": 9},
        {"quote_end": 21},
        {"quote_end": 10},
        {"quote_start": 12, "quote_end": 11},
        {"start": -10, "end": 0, "quote_start": -10, "quote_end": -7},
        {"sentence_number": 0},
    ],
)
def test_parts_that_do_not_fit_together_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a\.txt"):
        cited(**changes)


def test_an_answer_without_a_citation_is_refused() -> None:
    with pytest.raises(ValueError, match="citations"):
        Reply("Combien ?", "Dix", 0.9, "a reader")


def test_an_abstention_with_a_citation_is_refused() -> None:
    with pytest.raises(ValueError, match="abstention"):
        Reply("Combien ?", None, 0.1, "a reader", (cited(),))


def test_the_best_span_is_the_answer() -> None:
    reply = reply_to(Span(SENTENCE, 10, 13, 0.9), Span(OTHER, 21, 25, 0.8))
    assert (reply.answer, reply.confidence, reply.nearest) == ("Dix", 0.9, ())
    assert reply.citations == (cited(),)


def test_at_the_threshold_it_is_an_answer() -> None:
    assert reply_to(Span(SENTENCE, 10, 13, 0.5)).answered


def test_below_the_threshold_the_documents_do_not_say() -> None:
    reply = reply_to(Span(SENTENCE, 10, 13, 0.4), Span(OTHER, 21, 25, 0.3))
    assert (reply.answer, reply.citations, reply.confidence) == (None, (), 0.4)
    assert [citation.place for citation in reply.nearest] == ["a.txt:2", "a.txt:3"]


def test_nothing_found() -> None:
    reply = reply_to()
    assert (reply.answered, reply.confidence, reply.nearest) == (False, 0.0, ())


def test_each_nearest_sentence_is_shown_once_for_its_best_span() -> None:
    reply = reply_to(Span(SENTENCE, 10, 13, 0.4), Span(OTHER, 21, 25, 0.3), Span(SENTENCE, 14, 20, 0.2))
    assert [(citation.place, citation.quote) for citation in reply.nearest] == [("a.txt:2", "Dix"), ("a.txt:3", "Oui.")]


def test_json_of_an_answer() -> None:
    citation = {"document": "a.txt", "sentence_number": 2, "start": 10, "end": 20, "sentence": "Dix signes"}
    assert reply_to(Span(SENTENCE, 10, 13, 0.91239)).as_json() == {
        "question": "Combien ?",
        "answered": True,
        "answer": "Dix",
        "confidence": 0.9124,
        "model": "a reader",
        "citations": [{**citation, "quote": {"start": 10, "end": 13}}],
        "timings_ms": {"load": 1.0, "retrieve": 2.0, "answer": 3.0},
    }


def test_json_of_an_abstention_shows_the_nearest_sentences() -> None:
    given = reply_to(Span(OTHER, 21, 25, 0.1)).as_json()
    assert (given["answered"], given["answer"], given["citations"]) == (False, None, [])
    assert given["nearest"] == [Citation.of(OTHER, 21, 25).as_json()]


@given(any_text(), st.data())
def test_citations_resolve_in_any_text(text: str, data: st.DataObject) -> None:
    spans = []
    for sentence in split_sentences(text):
        start = data.draw(st.integers(sentence.start, sentence.end - 1))
        end = data.draw(st.integers(start + 1, sentence.end))
        source = SourceSentence(
            "any", sentence.number, sentence.start, sentence.end, text[sentence.start : sentence.end]
        )
        spans.append(Span(source, start, end, data.draw(st.floats(0, 1))))
    reply = reply_to(*sorted(spans, key=lambda span: -span.confidence))
    assert reply.answered == bool(reply.citations)
    for citation in (*reply.citations, *reply.nearest):
        assert text[citation.start : citation.end] == citation.sentence
        assert text[citation.quote_start : citation.quote_end] == citation.quote
    if reply.answered:
        assert reply.answer == reply.citations[0].quote
