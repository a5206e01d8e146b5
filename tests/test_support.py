"""What a statement may say of the sentences that it cites, and how often the check is right on labelled pairs."""

import json
from collections import Counter
from pathlib import Path

import pytest
from bench import support as bench

from assistant.embeddings import CheckpointEmbedder
from assistant.support import Doubt, check

FLIGHTS = "En 11 jours, 64 sorties et 55 frappes ont été effectuées."
BEGAN = "Les frappes russes ont commencé le 30 septembre ayant permis d'affaiblir les positions insurgées."


@pytest.fixture(scope="module")
def encode() -> bench.support.Encode:
    return CheckpointEmbedder.named().encode_questions


@pytest.mark.parametrize(
    "statement",
    ["64 sorties ont été effectuées en onze jours.", "64 sorties and 55 strikes were carried out in 11 days."],
)
def test_a_paraphrase_is_supported(encode: bench.support.Encode, statement: str) -> None:
    found = check(statement, [FLIGHTS], encode)
    assert found.doubt is None
    assert 0.5 < found.score <= 1


@pytest.mark.parametrize(
    ("statement", "doubt"),
    [
        ("65 sorties ont été effectuées en 11 jours.", Doubt("number", "65")),
        ("55 sorties et 64 frappes ont été effectuées en 11 jours.", Doubt("count", "55")),
        ("64 sorties ont été effectuées en avril.", Doubt("date", "avril")),
        ("64 sorties ont été effectuées par Israël.", Doubt("name", "Israël")),
        ("64 sorties n'ont pas été effectuées en 11 jours.", Doubt("negation")),
        ("Le marché aux poissons est fermé.", Doubt("likeness")),
        ("pourqui", Doubt("likeness")),
    ],
)
def test_why_a_statement_is_unsupported(encode: bench.support.Encode, statement: str, doubt: Doubt) -> None:
    assert check(statement, [FLIGHTS], encode).doubt == doubt
    assert doubt.what in doubt.reason
    assert "{" not in doubt.reason


def test_a_statement_that_cites_nothing_is_unsupported(encode: bench.support.Encode) -> None:
    assert check("Il pleut.", [], encode).doubt == Doubt("citation")


def test_two_sentences_may_support_a_statement_together(encode: bench.support.Encode) -> None:
    statement = "Les frappes russes ont commencé le 30 septembre et 64 sorties ont été effectuées."
    assert check(statement, [FLIGHTS, BEGAN], encode).doubt is None
    assert check(statement, [FLIGHTS], encode).doubt is not None


@pytest.mark.parametrize("statement", ["", " ", "«»", "🎉", "Ⴀ" * 500, "\x00", "1", "a" * 10_000])
def test_any_statement_is_judged(encode: bench.support.Encode, statement: str) -> None:
    found = check(statement, [FLIGHTS], encode)
    assert found.doubt is not None
    assert 0 <= found.score <= 1


def test_the_labelled_pairs_are_many_and_of_each_kind() -> None:
    lines = (Path(__file__).parent / "support_pairs.jsonl").read_text("utf-8").splitlines()
    kinds = Counter(json.loads(line)["kind"] for line in lines)
    assert len(set(lines)) == len(lines) >= 240
    assert all(kinds[kind] >= 30 for kind in ("true", "number", "name", "negated", "unrelated"))


def test_figures_on_the_held_out_half(encode: bench.support.Encode) -> None:
    held_out = [pair for pair in bench.load() if pair.held_out]
    precision, recall, passed = bench.measure(held_out, encode)
    # As measured, less what one or two pairs make out.
    assert precision >= 0.93
    assert recall >= 0.94
    assert passed >= 0.89
