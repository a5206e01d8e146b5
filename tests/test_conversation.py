"""Events, turns and limits of a conversation; and the same answer by every way in."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from commands import assistant
from conftest import SORTIES
from fakes import BagOfWords

from assistant import Conversation, Library, Reply
from assistant.conversation import MAX_QUESTION, PASSAGES_READ, Retrieved
from assistant.documents import Document
from assistant.errors import BadQuestion
from assistant.indexing import build
from assistant.reader import Span
from assistant.retrieval import Hit

TEXT = "Les frappes ont commencé à Alep. Le marché était fermé. Il pleuvait sur Hama."


class Sure:
    """A reader that answers with the first word of the best passage, as surely as told."""

    name = "sure"
    threshold = 0.5

    def __init__(self, confidence: float = 1.0) -> None:
        self.confidence = confidence

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        sentence = hits[0].passage.focused
        return [Span(sentence, sentence.start, sentence.start + 3, self.confidence)]


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    build(folder, [Document.from_text("a.txt", TEXT)], BagOfWords())
    with Library.open(folder, BagOfWords()) as opened:
        yield opened


def test_what_was_retrieved_comes_before_the_reply(library: Library) -> None:
    retrieved, reply = Conversation(library, Sure()).ask("Le marché est-il fermé ?")
    assert isinstance(retrieved, Retrieved)
    assert isinstance(reply, Reply)
    assert len(retrieved.hits) == min(PASSAGES_READ, 3)
    assert (reply.answer, reply.model, reply.citations[0].place) == ("Le ", "sure", "a.txt:2")


def test_turns_are_kept_in_order(library: Library) -> None:
    conversation = Conversation(library, Sure())
    replies = [conversation.answer("Le marché ?"), conversation.answer("Les frappes ?")]
    assert conversation.turns == replies


def test_a_conversation_goes_on_from_earlier_turns(library: Library) -> None:
    earlier = Conversation(library, Sure()).answer("Le marché ?")
    assert Conversation(library, Sure(), [earlier]).turns == [earlier]


def test_a_follow_up_leans_on_the_last_question_that_names_something(library: Library) -> None:
    conversation = Conversation(library, Sure())
    bombed, markets = "Où les frappes ont-elles commencé ?", "Et les marchés ?"
    asked = [bombed, "Depuis quand ?", "Et pourquoi ?", markets, "Et où ?"]
    replies = [conversation.answer(question) for question in asked]
    topics = [reply.completed and reply.completed.split(" ?")[0] + " ?" for reply in replies]
    assert topics == [None, bombed, bombed, bombed, markets]
    assert replies[2].completed == f"{bombed} {replies[1].answer}. Et pourquoi ?"


@pytest.mark.parametrize(("in_context", "completed"), [(0.9, True), (0.6, True), (0.4, False)])
def test_reading_tells_whether_a_question_leans_where_its_form_does_not(
    library: Library, in_context: float, completed: bool
) -> None:
    class Torn(Sure):
        def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
            asked.append(question)
            self.confidence = in_context if question.startswith(bombed + " ") else 0.8
            return super().read(question, hits)

    asked: list[str] = []
    bombed, ticket = "Où les frappes ont-elles commencé ?", "Et combien coûte le billet ?"
    conversation = Conversation(library, Torn())
    full = f"{bombed} {conversation.answer(bombed).answer}. {ticket}"
    assert conversation.answer(ticket).completed == (full if completed else None)
    # Each wording is read once.
    assert sorted(asked) == sorted([bombed, full, ticket])


def test_a_question_that_names_what_it_asks_about_is_asked_as_it_is(library: Library) -> None:
    conversation = Conversation(library, Sure())
    replies = [conversation.answer(question) for question in ("Où est le marché ?", "Qui dirige Alep depuis 2012 ?")]
    assert [reply.completed for reply in replies] == [None, None]


def test_a_question_given_up_leaves_no_turn(library: Library) -> None:
    conversation = Conversation(library, Sure())
    next(conversation.ask("Le marché ?"))
    assert conversation.turns == []


def test_an_unsure_reader_abstains(library: Library) -> None:
    reply = Conversation(library, Sure(0.2)).answer("Le marché ?")
    assert (reply.answered, reply.confidence, reply.nearest[0].place) == (False, 0.2, "a.txt:2")


def test_each_stage_is_timed(library: Library) -> None:
    timings = Conversation(library, Sure()).answer("Le marché ?").timings_ms
    assert list(timings) == ["load", "retrieve", "answer"]
    assert all(time >= 0 for time in timings.values())


def test_a_question_is_asked_on_one_line(library: Library) -> None:
    assert Conversation(library, Sure()).answer(" Le\n marché\t? ").question == "Le marché ?"


def test_the_longest_question(library: Library) -> None:
    longest = ("mot " * MAX_QUESTION)[: MAX_QUESTION - 1] + "?"
    assert Conversation(library, Sure()).answer(longest).question == longest


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("", "empty"),
        (" \n\u00a0", "empty"),
        ("é" * (MAX_QUESTION + 1), "2,001"),
        ("é" * 100_000, "100,000"),
        ("caf\udce9 ?", "not text"),
    ],
)
def test_questions_that_cannot_be_asked(library: Library, question: str, why: str) -> None:
    conversation = Conversation(library, Sure())
    with pytest.raises(BadQuestion, match=why) as caught:
        conversation.answer(question)
    assert "assistant " in caught.value.remedy
    assert conversation.turns == []


def test_a_library_without_documents_does_not_say(folder: Path, library: Library) -> None:
    library._database.execute("DELETE FROM sources")
    build(folder, [], BagOfWords())
    reply = Conversation(library).answer("Le marché ?")
    assert (reply.answered, reply.nearest, reply.confidence) == (False, (), 0.0)


@pytest.mark.parametrize(
    "question", [SORTIES, "Quelle est la capitale du Pérou ?", "How many sorties were flown in 11 days?"]
)
def test_the_command_and_the_api_give_the_same_reply(
    article_library: Path, first_run: subprocess.CompletedProcess[str], question: str
) -> None:
    with Library.open(article_library) as library:
        reply = Conversation(library).answer(question)
    printed = json.loads(assistant("ask", "--json", question).stdout)
    assert {**printed, "timings_ms": {}} == {**json.loads(json.dumps(reply.as_json())), "timings_ms": {}}
    for citation in printed["citations"] + printed.get("nearest", []):
        with Library.open(article_library) as library:
            assert library.text(citation["document"])[citation["start"] : citation["end"]] == citation["sentence"]
    if question == SORTIES:
        assert printed["answer"] in first_run.stdout
