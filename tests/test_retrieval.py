"""Question → ranked passages: vectors and words both count, in a fixed order, whatever the question holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import BagOfWords
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from texts import any_text

from assistant import Library
from assistant.documents import Document
from assistant.indexing import build
from assistant.retrieval import Hit, retrieve

ALEP = "Les frappes ont commencé à Alep. Le marché était fermé. Il pleuvait sur Hama. Personne ne sortait."
LONDON = "The strikes began in London. The market was closed. It was raining. Nobody went out."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("library")
    build(folder, [Document.from_text("fr.txt", ALEP), Document.from_text("en.txt", LONDON)], BagOfWords())
    with Library.open(folder, BagOfWords()) as opened:
        yield opened


def places(hits: list[Hit]) -> list[str]:
    return [f"{hit.passage.document}:{hit.passage.focus}" for hit in hits]


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("Où les frappes ont-elles commencé ?", "fr.txt:1"),
        ("Le marché était-il fermé ?", "fr.txt:2"),
        ("Where did the strikes begin?", "en.txt:1"),
        ("Was the market closed?", "en.txt:2"),
    ],
)
def test_the_sentence_that_says_it_comes_first(library: Library, question: str, best: str) -> None:
    assert places(retrieve(library, question, 1)) == [best]


@pytest.mark.parametrize(
    ("question", "best"),
    [("How many schools did the war destroy?", "fr.txt:2"), ("Quel pont le roi a-t-il traversé ?", "en.txt:2")],
)
def test_a_question_finds_the_words_of_the_other_language(tmp_path: Path, question: str, best: str) -> None:
    texts = {
        "fr.txt": "Il pleuvait. La guerre détruisit trois écoles. Personne ne sortait.",
        "en.txt": "It was raining. The king crossed an old bridge. Nobody went out.",
    }
    build(tmp_path, [Document.from_text(name, text) for name, text in texts.items()], BagOfWords())
    with Library.open(tmp_path, BagOfWords()) as library:
        hits = retrieve(library, question, 6)
    assert places([max(hits, key=lambda hit: hit.evidence.lexical)]) == [best]


def test_words_of_the_neighbours_help(library: Library) -> None:
    first, second, *_ = places(retrieve(library, "marché d'Alep", 8))
    assert {first, second} == {"fr.txt:1", "fr.txt:2"}


def test_what_stands_near_the_best_passage_comes_before_the_like_elsewhere(tmp_path: Path) -> None:
    rest = "Rien ne bouge. "
    texts = {
        "a": f"{rest * 6}Il neigeait.",
        "b": f"{rest * 6}Il neigeait. {rest * 24}Le marquis mourut à Brest. {rest * 6}Il neigeait.",
    }
    build(tmp_path, [Document.from_text(name, text) for name, text in texts.items()], BagOfWords())
    with Library.open(tmp_path, BagOfWords()) as library:
        found = places(retrieve(library, "De quoi le marquis mourut-il à Brest quand il neigeait ?", 60))
    assert found[0] == "b:32"
    assert found.index("b:39") < min(found.index("a:7"), found.index("b:7"))


@given(st.lists(st.sampled_from(["marché", "frappes", "Alep", "market", "Hama"]), min_size=1).map(" ".join))
def test_the_best_passage_alone_stays_first_whatever_is_near_others(library: Library, question: str) -> None:
    hits = retrieve(library, question, 8)
    assert hits[0].evidence.own == max(hit.evidence.own for hit in hits)
    assert all(hit.evidence.nearby >= hit.evidence.own for hit in hits)


def test_ranks_follow_the_score_and_both_parts_are_shown(library: Library) -> None:
    hits = [hit.as_json() for hit in retrieve(library, "les frappes à Alep", 8)]
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert hits[0]["lexical"] > 0
    assert all(-1 <= hit["dense"] <= 1 and hit["lexical"] >= 0 for hit in hits)
    assert any(hit["lexical"] == 0 for hit in hits)


@pytest.mark.parametrize("k", [1, 3, 8, 200])
def test_k_passages_or_all_that_there_are(library: Library, k: int) -> None:
    hits = retrieve(library, "frappes", k)
    assert len(hits) == min(k, 8)
    assert len({hit.passage.id for hit in hits}) == len(hits)


def test_without_a_common_word_the_vectors_decide(library: Library) -> None:
    hits = retrieve(library, "zzz", 3)
    assert len(hits) == 3
    assert {hit.as_json()["lexical"] for hit in hits} == {0}


def test_the_same_question_finds_the_same_in_the_same_order(library: Library) -> None:
    assert retrieve(library, "Il pleuvait ?", 8) == retrieve(library, "Il pleuvait ?", 8)


def test_equal_passages_are_in_the_order_of_the_library(tmp_path: Path) -> None:
    build(tmp_path, [Document.from_text(name, f"Rien.\n\n{name}") for name in "abc"], BagOfWords())
    with Library.open(tmp_path, BagOfWords()) as library:
        assert [place for place in places(retrieve(library, "Rien", 9)) if place.endswith(":1")] == [
            "a:1",
            "b:1",
            "c:1",
        ]


@pytest.mark.parametrize(
    "question",
    [
        '"',
        '"""',
        "AND OR NOT NEAR",
        "NEAR(frappes Alep, 2)",
        "frapp*",
        "fr : frappes",
        "{fr en} : (x)",
        "(((",
        "-frappes ^Alep + x",
        "'; DROP TABLE postings; --",
        "___ _",
        "ﾞ ﷺ ½",
        "\0",
        "où ? qui ? que ?",
        " ".join(f"m{number}" for number in range(400))[:2000],
        "é" * 2000,
        "? " * 1000,
    ],
)
def test_a_question_is_never_a_query_language(library: Library, question: str) -> None:
    assert len(retrieve(library, question, 3)) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(any_text(), st.text(max_size=2000)))
def test_any_question_finds_something(library: Library, question: str) -> None:
    hits = retrieve(library, question, 4)
    assert len(hits) == 4


def test_a_hit_knows_among_how_many_it_was_found(library: Library) -> None:
    some = [hit.passage.id for hit in retrieve(library, "Alep", 3)]
    assert {hit.among for hit in retrieve(library, "Alep", 3)} == {len(library)}
    assert {hit.among for hit in retrieve(library, "Alep", 3, within=some)} == {3}
