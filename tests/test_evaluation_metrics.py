"""Figures of the evaluation, each against a value worked by hand or against a slower, plainer computation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import metrics
from assistant.evaluation.metrics import plain
from assistant.evaluation.normalisation import normalise_english, normalise_french, normalise_french_folded

FRENCH = st.text("aàâbcdeéèêlmnoœrsu L'’-«».,\u00a0", max_size=30)


def columns(*names: str) -> st.SearchStrategy[dict[str, np.ndarray]]:
    """Columns of one length: numbers in tenths of 0…1, so that ties occur."""
    tenths = st.integers(0, 10).map(lambda n: n / 10)
    row = st.fixed_dictionaries(dict.fromkeys(names, tenths))
    return st.lists(row, min_size=1, max_size=12).map(lambda rows: {n: np.array([r[n] for r in rows]) for n in names})


def figure(values: np.ndarray) -> float:
    assert values.shape == (1,)
    return float(values[0])


# --- normalisation


@pytest.mark.parametrize(
    ("text", "normalised"),
    [("The  Eiffel Tower!", "eiffel tower"), ("a cat, an owl", "cat owl"), ("U.S.A.", "usa"), ("« Été »", "« été »")],
)
def test_english_normalisation_is_that_of_squad(text: str, normalised: str) -> None:
    assert normalise_english(text) == normalised


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("L'Iran", "iran"),
        ("l’Arabie\u00a0saoudite", "arabie saoudite"),
        ("« Par notre sang »", "par notre sang"),
        ("des drapeaux et des banderoles", "drapeaux et banderoles"),
        ("Aujourd'hui", "aujourdhui"),
        ("le sud du pays", "sud pays"),
        ("E\u0301tat", "état"),
        ("le porte-parole de l'EI", "porteparole ei"),
        ("Une", "une"),  # how many, not an article: it is all there is
    ],
)
def test_french_normalisation_drops_articles_elisions_and_typographic_marks(text: str, normalised: str) -> None:
    assert normalise_french(text) == normalised


def test_accents_count_unless_folded() -> None:
    assert normalise_french("Sergueï") != normalise_french("Serguei")
    assert normalise_french_folded("Sergueï, l'œuvre") == "serguei oeuvre"


@given(FRENCH)
def test_normalising_twice_changes_nothing(text: str) -> None:
    for normalise in (normalise_english, normalise_french):
        assert normalise(normalise(text)) == normalise(text)


# --- exact match and F1, as the official SQuAD v2.0 script gives them


@pytest.mark.parametrize(
    ("answer", "golds", "exact", "f1"),
    [
        ("the Eiffel Tower", ["Eiffel tower,"], 1, 1),
        ("in Paris, France", ["Paris"], 0, 0.5),  # 1 of 3 words right, all of 1 found: 2·(1/3·1)/(1/3+1)
        ("very very long", ["very long"], 0, 0.8),  # bags: 2 common of 3 and of 2
        ("Saint Bernadette", ["Bernadette Soubirous", "Saint Bernadette Soubirous"], 0, 0.8),  # better of 0.5, 0.8
        ("gold", ["golden statue"], 0, 0),
        ("", [], 1, 1),  # abstained, and rightly
        ("", ["Paris"], 0, 0),  # abstained, wrongly
        ("Paris", [], 0, 0),  # answered what has no answer
        ("the", ["a"], 1, 1),  # both normalise to nothing, which stands for "no answer", as in the script
    ],
)
def test_em_and_f1_reproduce_squad(answer: str, golds: list[str], exact: float, f1: float) -> None:
    assert metrics.exact_match(answer, golds, normalise_english) == exact
    assert metrics.token_f1(answer, golds, normalise_english) == pytest.approx(f1)


@given(FRENCH, FRENCH)
def test_f1_is_symmetric_between_0_and_1_and_1_on_an_exact_match(one: str, other: str) -> None:
    f1 = metrics.token_f1(one, [other], normalise_french)
    assert 0 <= f1 <= 1
    assert f1 == metrics.token_f1(other, [one], normalise_french)
    assert f1 == 1 or not metrics.exact_match(one, [other], normalise_french)


# --- citations and ranks


@pytest.mark.parametrize(
    ("cited", "gold", "precision", "recall"),
    [({1}, {1}, 1, 1), ({1, 2}, {1}, 0.5, 1), ({1}, {1, 5}, 1, 1), ({2}, {1}, 0, 0), (set(), {1}, 0, 0)],
    ids=["right", "one too many", "one of two alternatives", "wrong", "none cited scores 0, not 1"],
)
def test_citation_scores(cited: set[object], gold: set[object], precision: float, recall: float) -> None:
    scores = metrics.citation_scores(cited, gold)
    assert (scores.precision, scores.recall) == (precision, recall)
    assert scores.f1 == pytest.approx(2 * precision * recall / (precision + recall) if recall else 0)


def test_rank_of_the_first_gold_sentence() -> None:
    assert metrics.gold_rank("cabd", {"b", "d"}) == 3
    assert metrics.gold_rank("cabd", {"x"}) is None
    assert [metrics.recall_at(3, k) for k in (1, 3, 5)] == [0, 1, 1]
    assert metrics.recall_at(None, 20) == 0
    assert (metrics.reciprocal_rank(4), metrics.reciprocal_rank(None)) == (0.25, 0)


# --- statistics of all questions


def test_mean_is_over_eligible_questions_and_unknown_without_any() -> None:
    values = np.array([1.0, 0.0, 0.5])
    assert figure(metrics.mean(values, np.array([True, False, True]), plain(3))) == 0.75
    assert np.isnan(metrics.mean(values, np.array([False] * 3), plain(3))).all()


def test_abstention_worked_by_hand() -> None:
    # 5 questions, 2 unanswerable; abstained on one of these and on two others: 1 hit, 2 false alarms, 1 miss.
    abstained = np.array([True, False, True, True, False])
    unanswerable = np.array([True, True, False, False, False])
    of = (abstained, unanswerable, plain(5))
    assert figure(metrics.abstention_precision(*of)) == pytest.approx(1 / 3)
    assert figure(metrics.abstention_recall(*of)) == pytest.approx(1 / 2)
    assert figure(metrics.abstention_f1(*of)) == pytest.approx(2 / 5)


def test_abstention_figures_of_those_who_never_abstain_are_0_and_unknown_if_nobody_should() -> None:
    never, some, nobody = np.zeros(3, bool), np.array([True, False, False]), np.zeros(3, bool)
    statistics = (metrics.abstention_precision, metrics.abstention_recall, metrics.abstention_f1)
    assert [figure(s(never, some, plain(3))) for s in statistics] == [0, 0, 0]
    assert all(np.isnan(figure(s(~never, nobody, plain(3)))) for s in statistics)


def test_risk_coverage_worked_by_hand() -> None:
    confidence, loss = np.array([0.9, 0.8, 0.7, 0.1]), np.array([0.0, 1.0, 0.0, 1.0])
    answered = np.array([True, True, True, False])
    # risks at 1, 2, 3 answers: 0, 1/2, 1/3
    assert figure(metrics.area_under_risk_coverage(confidence, loss, answered, plain(4))) == pytest.approx(5 / 18)
    coverage, risk = metrics.risk_coverage_curve(confidence, loss, answered)
    assert coverage == pytest.approx([1 / 4, 2 / 4, 3 / 4])
    assert risk == pytest.approx([0, 1 / 2, 1 / 3])


def test_risk_coverage_of_nothing_answered_is_unknown() -> None:
    nothing = np.zeros(2), np.zeros(2), np.zeros(2, bool)
    assert np.isnan(metrics.area_under_risk_coverage(*nothing, plain(2))).all()
    assert metrics.risk_coverage_curve(*nothing)[0].size == 0


@given(columns("confidence", "loss"))
def test_ties_take_their_expected_risk_whatever_their_order(drawn: dict[str, np.ndarray]) -> None:
    confidence, loss = drawn["confidence"], drawn["loss"]
    everyone = np.ones(len(loss), bool)
    expected_loss = np.array([loss[confidence == c].mean() for c in confidence])
    order = np.argsort(-confidence, kind="stable")
    risks = expected_loss[order].cumsum() / np.arange(1, len(loss) + 1)
    forward = figure(metrics.area_under_risk_coverage(confidence, loss, everyone, plain(len(loss))))
    backward = figure(metrics.area_under_risk_coverage(confidence[::-1], loss[::-1], everyone, plain(len(loss))))
    assert forward == pytest.approx(risks.mean())
    assert backward == pytest.approx(forward)


def test_calibration_error_worked_by_hand() -> None:
    confidence = np.array([0.95, 0.85, 0.82, 0.2, 0.99])
    outcome = np.array([1.0, 1.0, 0.0, 0.5, 0.0])
    answered = np.array([True, True, True, True, False])
    # bins: 0.9–1 gap 0.05 of 1; 0.8–0.9 |1.67 − 1| of 2; 0.2–0.3 gap 0.3 of 1
    error = metrics.expected_calibration_error(confidence, outcome, answered, plain(5))
    assert figure(error) == pytest.approx((0.05 + 0.67 + 0.3) / 4)
    bins = metrics.reliability_bins(confidence, outcome, answered)
    assert [(b.lower, b.count) for b in bins] == [(0.2, 1), (0.8, 2), (0.9, 1)]
    assert bins[1].confidence == pytest.approx(0.835)
    assert bins[1].outcome == 0.5


@given(columns("value"), st.sampled_from([0.5, 0.95, 0, 1]))
def test_quantile_is_that_of_numpy(drawn: dict[str, np.ndarray], q: float) -> None:
    values = drawn["value"]
    assert figure(metrics.quantile(values, q, plain(len(values)))) == pytest.approx(np.quantile(values, q))


def test_rate_is_questions_over_seconds() -> None:
    assert figure(metrics.rate(np.array([0.5, 0.25, 0.25]), plain(3))) == 3


@given(columns("a", "b", "weight"))
def test_weights_count_a_question_as_often_as_they_say(drawn: dict[str, np.ndarray]) -> None:
    a, b = drawn["a"], drawn["b"]
    weights = (drawn["weight"] * 10).astype(np.int64) % 4
    weights[0] += 1  # never an empty sample
    often = np.repeat(np.arange(len(a)), weights)

    def both(statistic: object, *of: np.ndarray) -> tuple[float, float]:
        assert callable(statistic)
        return figure(statistic(*of, weights[None, :])), figure(statistic(*(c[often] for c in of), plain(len(often))))

    high = b > 0.5
    for weighted, repeated in (
        both(metrics.mean, a, high),
        both(metrics.abstention_precision, a > 0.5, high),
        both(metrics.abstention_recall, a > 0.5, high),
        both(metrics.abstention_f1, a > 0.5, high),
        both(metrics.area_under_risk_coverage, a, b, high),
        both(metrics.expected_calibration_error, a, b, high),
        both(lambda v, w: metrics.quantile(v, 0.95, w), a),
        both(metrics.rate, b),
    ):
        assert weighted == pytest.approx(repeated, nan_ok=True)
