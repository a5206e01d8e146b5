"""Whole runs with readers that are known to be perfect or useless: the figures must be the extreme ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from fakes import BagOfWords

from assistant.documents import Document
from assistant.evaluation.figures import figures
from assistant.evaluation.gold import find_gold
from assistant.evaluation.questions import GoldText, Question
from assistant.evaluation.runs import Record, RememberingEmbedder, Run
from assistant.evaluation.scoring import score
from assistant.index import Library
from assistant.indexing import build
from assistant.reader import Reader, Span
from assistant.retrieval import Hit
from assistant.sources import SourceSentence

DOCUMENTS = {
    "brest.txt": "Voici un premier texte. Le port de Brest compte trois quais. Une vieille grue y rouille.",
    "vannes.txt": "Voilà un second écrit. La ville de Vannes a deux ponts. Son maire se nomme Yann Le Goff.",
}
PORT, GRUE = GoldText("brest.txt", "Le port de Brest compte trois quais."), GoldText("brest.txt", "Une vieille grue")
MAIRE = GoldText("vannes.txt", "Son maire se nomme Yann Le Goff.")
QUESTIONS = (
    Question("quais", "Combien de quais à Brest ?", ("trois",), (PORT,)),
    Question("grues", "Et de grues ?", ("Une",), (GRUE,), follows="quais"),
    Question("maire", "Qui est maire de Vannes ?", ("Yann Le Goff",), (MAIRE,)),
    Question("plage", "Quelle plage préfère le maire ?", (), (), unanswerable=True),
)
Figures = Mapping[str, float | None]


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    build(folder, [Document.from_text(*item) for item in DOCUMENTS.items()], BagOfWords())
    with Library.open(folder, BagOfWords()) as opened:
        yield opened


class Scripted:
    """A reader that answers as `script` says; it keeps what it was asked."""

    name = "scripted"
    threshold = 0.5

    def __init__(self, script: Callable[[str, Sequence[Hit]], list[Span]]) -> None:
        self._script = script
        self.asked: list[str] = []

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        self.asked.append(question)
        return self._script(question, hits)


def first_sentence(library: Library) -> Scripted:
    """Always sure of the first sentence of the document whose passage comes first: never gold here."""

    def script(_question: str, hits: Sequence[Hit]) -> list[Span]:
        return [span_of(library.sentences(hits[0].passage.document)[0], confidence=1.0)]

    return Scripted(script)


def abstainer(_library: Library) -> Scripted:
    return Scripted(lambda _question, _hits: [])


def oracle(library: Library) -> Scripted:
    """Sure of the right words in the right sentence, and of nothing where there are none."""

    def script(question: str, _hits: Sequence[Hit]) -> list[Span]:
        case = next(case for case in cases if question.endswith(case.question.question))
        if case.question.unanswerable:
            return []
        (gold,), (answer,) = case.gold, case.question.answers
        start = gold.start + gold.text.index(answer)
        return [Span(gold, start, start + len(answer), 1.0)]

    cases, _ = find_gold(QUESTIONS, library)
    return Scripted(script)


def span_of(sentence: SourceSentence, confidence: float) -> Span:
    return Span(sentence, sentence.start, sentence.end, confidence)


def records(library: Library, reader: Reader, asked: Sequence[Question] = QUESTIONS) -> list[Record]:
    cases, problems = find_gold(asked, library)
    assert not problems
    return list(Run(library, QUESTIONS, reader).records(cases))


def assess(
    library: Library, reader: Reader, depth: str = "end_to_end", asked: Sequence[Question] = QUESTIONS
) -> Figures:
    rows = [score(record, "fr", library.text) for record in records(library, reader, asked)]
    return {figure.measure.name: figure.value for figure in figures(rows, seed=0) if figure.depth == depth}


@pytest.mark.parametrize("depth", ["reading", "end_to_end"])
def test_an_oracle_is_perfect_at_every_depth(library: Library, depth: str) -> None:
    found = assess(library, oracle(library), depth)
    best = ("em", "f1", "em_fr", "f1_en", "f1_folded", "has_answer_f1", "citation_precision", "citation_recall")
    assert {name: found[name] for name in best} == dict.fromkeys(best, 1.0)
    assert (found["citation_f1"], found["verbatim"]) == (1, 1)
    assert [found[name] for name in ("aurc", "ece", "citation_aurc", "citation_ece")] == [0, 0, 0, 0]
    if depth == "end_to_end":
        abstention = [found[f"abstention_{x}"] for x in ("precision", "recall", "f1")]
        assert (abstention, found["no_answer_f1"]) == ([1, 1, 1], 1)


def test_one_who_always_abstains_is_right_exactly_where_there_is_no_answer(library: Library) -> None:
    found = assess(library, abstainer(library))
    assert (found["em"], found["f1"], found["has_answer_f1"], found["no_answer_f1"]) == (1 / 4, 1 / 4, 0, 1)
    assert (found["abstention_precision"], found["abstention_recall"]) == (1 / 4, 1)
    assert found["abstention_f1"] == pytest.approx(2 / 5)
    assert (found["citation_precision"], found["citation_recall"], found["citation_f1"]) == (0, 0, 0)
    assert [found[name] for name in ("verbatim", "aurc", "ece")] == [None, None, None]


def test_one_who_always_gives_the_first_sentence_is_verbatim_and_always_wrong(library: Library) -> None:
    found = assess(library, first_sentence(library))
    wrong = ("em", "f1", "has_answer_f1", "no_answer_f1", "citation_f1", "abstention_recall", "abstention_f1")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0.0)
    assert found["verbatim"] == 1
    assert [found[name] for name in ("aurc", "ece", "citation_aurc", "citation_ece")] == [1, 1, 1, 1]


def test_retrieval_does_not_depend_on_the_reader(library: Library) -> None:
    alone = [question for question in QUESTIONS if question.follows is None]
    found = assess(library, abstainer(library), "retrieval", alone)
    assert found == assess(library, oracle(library), "retrieval", alone)
    assert found["r@20"] == 1  # the library holds six sentences
    assert 0 < (found["mrr"] or 0) <= 1


def test_retrieval_for_a_follow_up_depends_on_the_answer_before_it_only(library: Library) -> None:
    knowing = oracle(library)
    first = QUESTIONS[0].question
    once = Scripted(lambda question, hits: knowing.read(question, hits) if question == first else [])
    found = assess(library, once, "retrieval")
    assert found == assess(library, oracle(library), "retrieval")
    assert found["r@20"] == assess(library, abstainer(library), "retrieval")["r@20"] == 1
    assert 0 < (found["mrr"] or 0) <= 1


def test_latencies_are_those_of_the_replies(library: Library) -> None:
    found = assess(library, abstainer(library))
    low, high, rate = found["latency_p50"], found["latency_p95"], found["questions_per_second"]
    assert low is not None
    assert high is not None
    assert rate is not None
    assert 0 < low <= high < 10
    assert rate > 0.1


def test_a_follow_up_is_asked_in_the_conversation_that_it_follows_on(library: Library) -> None:
    reader = abstainer(library)
    *_, follow_up = records(library, reader, QUESTIONS[:2])
    assert follow_up.end_to_end.completed
    assert "Brest" in follow_up.end_to_end.completed
    # Each question is read twice, retrieved and in its gold paragraph; the first one is not asked again.
    assert [question.split()[-2] for question in reader.asked].count("Brest") >= 2
    assert len(reader.asked) == 4


def test_a_sampled_follow_up_still_gets_its_first_question(library: Library) -> None:
    reader = abstainer(library)
    (follow_up,) = records(library, reader, QUESTIONS[1:2])
    assert reader.asked[0] == "Combien de quais à Brest ?"
    assert follow_up.end_to_end.completed


def test_a_question_is_encoded_once_for_all_depths(folder: Path) -> None:
    class Counting(BagOfWords):
        encodings = 0

        def encode_questions(self, texts: Sequence[str]):  # type: ignore[no-untyped-def]
            self.encodings += 1
            return super().encode_questions(texts)

    build(folder, [Document.from_text(*item) for item in DOCUMENTS.items()], BagOfWords())
    counting = Counting()
    with Library.open(folder, RememberingEmbedder(counting)) as opened:
        cases, _ = find_gold(QUESTIONS, opened)
        counting.encodings = 0
        list(Run(opened, QUESTIONS).records(cases))
    assert counting.encodings == len(QUESTIONS)
