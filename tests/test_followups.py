"""Which questions lean, or may lean, on the one before, and what is then put in front of them."""

import json

import pytest

from assistant import places
from assistant.followups import in_context, leans, may_lean

BEFORE = "Combien de sorties ont été effectuées ?"


@pytest.mark.parametrize(
    "question",
    [
        "Et en combien de jours ?",
        "et où ?",
        "Mais pourquoi ?",
        "Depuis quand ?",
        "Avec quel résultat ?",
        "Pour faire quoi ?",
        "À quoi leur servent-ils ?",
        "Qu’a-t-elle décidé ?",
        "Dans quel pays voisin dit-il aussi être implanté ?",
        "Combien de morts ont-ils faits ?",
        "Où est-ce qu’ils sont allés ?",
        "Qui l’affirme ?",
        "Qui les a envoyés ?",
        "Quel est son rôle ?",
        "Est-ce beaucoup ?",
        "Et pour le musée ?",
        "Et le mardi ?",
        "Et qui pour le remplacer ?",
        "Et quelle est sa hauteur ?",
        "And when?",
        "Why?",
        "How many?",
        "What about the rebels?",
        "When did they say so?",
        "Where are those rebels?",
        "Where was he born?",
        "Who said so?",
    ],
)
def test_forms_that_lean_on_the_question_before(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "Combien de sorties ont été effectuées en 11 jours ?",
        "Quel poste Sergueï Lavrov occupe-t-il ?",
        "Depuis quelle date Moscou bombarde-t-il ?",
        "Quel jour de la semaine l’ambassade a-t-elle été prise pour cible ?",
        "Sur quelle période ces largages ont-ils été recensés ?",
        "Y a-t-il encore un passage entre les zones ?",
        "Combien y a-t-il de provinces ?",
        "Quel temps fera-t-il demain à Paris ?",
        "Que s’est-il passé en juillet 1789 ?",
        "Faut-il combattre ?",
        "Est-ce que les frappes ont commencé ?",
        "Qui donne son pouvoir au président ?",
        "Et quelle institution avance le chiffre de 86 cibles terroristes bombardées ?",
        "Et combien coûte le billet ?",
        "Et où se trouve le musée ?",
        "Et qui dirige l’association ?",
        "Mais quand ouvre la galerie ?",
        "Et à quelle heure ferme le phare ?",
        "And how much does the ticket cost?",
        "But who runs the museum?",
        "Who gave anti-tank missiles to the rebels?",
        "Is it true that the embassy was hit?",
        "What does it mean for a disease to be enzootic?",
        "How many villages are there in the south of the country?",
        "",
        "?",
    ],
)
def test_forms_that_need_not_lean_on_any(question: str) -> None:
    assert not leans(question)


def test_no_question_of_the_seeds_that_stands_alone_is_taken_for_a_follow_up() -> None:
    rows = [json.loads(line) for line in places.shipped("seeds/questions.jsonl").read_text("utf-8").splitlines()]
    assert [row["question"] for row in rows if "follows" not in row and leans(row["question"])] == []


def test_most_follow_ups_of_the_seeds_are_recognised() -> None:
    rows = [json.loads(line) for line in places.shipped("seeds/questions.jsonl").read_text("utf-8").splitlines()]
    pairs = [row["question"] for row in rows if "follows" in row]
    assert sum(map(leans, pairs)) >= 0.9 * len(pairs)


def test_what_was_said_stands_before_a_question_in_context() -> None:
    assert in_context("Et où ?", [(BEFORE, None)]) == f"{BEFORE} Et où ?"
    assert in_context("Et où ?", [("Qui ?", "Ali"), (BEFORE, "64")]) == f"{BEFORE} 64. Et où ?"
    assert in_context("Et où ?", [(BEFORE, "64"), ("Depuis quand ?", "mardi")]) == f"{BEFORE} mardi. Et où ?"
    assert in_context("Et où ?", [("Depuis quand ?", "mardi")]) == "Depuis quand ? mardi. Et où ?"


@pytest.mark.parametrize(
    "question",
    [
        "Et combien coûte le billet ?",
        "Qu'ont obtenu les grévistes ?",
        "c'etait qui",
        "So who pays?",
        "Peut-on y nager ?",
    ],
)
def test_forms_that_do_not_tell(question: str) -> None:
    assert may_lean(question)


@pytest.mark.parametrize(
    "question",
    ["Qui est Sergueï Lavrov ?", "Combien de sorties ont été effectuées en 11 jours ?", "Who won in 1998?"],
)
def test_a_question_that_names_what_it_asks_about_stands_alone(question: str) -> None:
    assert not may_lean(question)


def test_very_long_questions_take_no_time() -> None:
    leans("quel " + "mot " * 25_000 + "dit-il ?")
    leans("et " + "l'" * 50_000)
    may_lean("quel " + "mot " * 25_000 + "dit-il ?")
