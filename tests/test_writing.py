"""A conversation with a chat model: stages, checked statements, fallback, follow-ups, cancelling."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from fakes import BagOfWords, Scripted
from tiny_models import random_model, scripted_model

from assistant import Conversation, Library, Reply, exports, rendering
from assistant.documents import Document
from assistant.errors import ModelUnusable
from assistant.history import History
from assistant.indexing import build
from assistant.reader import Span
from assistant.retrieval import Hit
from assistant.session import Session
from assistant.stages import Retrieved, Rewriting, Token
from assistant.support import Doubt
from assistant.worker import LocalEngine

TEXT = "Le port de Brest compte trois quais. Une vieille grue y rouille. Le maire se nomme Yann Le Goff."
QUAYS = "Combien de quais compte le port de Brest ?"
RIGHT = "Le port de Brest compte trois quais. [1]"
WRONG = "Le port de Brest compte quatre quais. [1]"
ABSENT = "Les phrases ne le disent pas."


class Quoting:
    """A reader that quotes the sentence that was retrieved first, as surely as told."""

    name = "quoting"
    threshold = 0.5

    def __init__(self, confidence: float = 0.9) -> None:
        self.confidence = confidence

    def read(self, question: str, hits: list[Hit]) -> list[Span]:
        return [
            Span(hit.passage.focused, hit.passage.focused.start, hit.passage.focused.end, self.confidence)
            for hit in hits
        ]


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    build(folder, [Document.from_text("a.txt", TEXT)], BagOfWords())
    with Library.open(folder, BagOfWords()) as opened:
        yield opened


def ask(library: Library, *scripts: str | None, question: str = QUAYS, confidence: float = 0.9) -> Reply:
    return Conversation(library, Quoting(confidence), engine=Scripted(*scripts)).answer(question)


def test_what_is_written_streams_between_what_was_retrieved_and_the_reply(library: Library) -> None:
    found, *tokens, reply = Conversation(library, Quoting(), engine=Scripted(RIGHT)).ask(QUAYS)
    assert isinstance(found, Retrieved)
    assert "".join(token.text for token in tokens if isinstance(token, Token)) == RIGHT
    assert isinstance(reply, Reply)
    assert len(tokens) == len(RIGHT)


def test_the_answer_is_made_of_statements_that_cite_whole_sentences(library: Library) -> None:
    reply = ask(library, f"{RIGHT}\nLe maire se nomme Yann Le Goff. [3]")
    assert reply.answer == "Le port de Brest compte trois quais. Le maire se nomme Yann Le Goff."
    assert [citation.place for citation in reply.citations] == ["a.txt:1", "a.txt:3"]
    assert all(citation.quote == citation.sentence for citation in reply.citations)
    assert (reply.model, reply.is_written, reply.is_fallback) == ("scripted", True, False)
    assert 0 < reply.confidence <= 0.9


def test_an_unsupported_statement_is_shown_as_such_and_is_no_part_of_the_answer(library: Library) -> None:
    reply = ask(library, f"{WRONG} Le maire se nomme Yann Le Goff. [3]")
    assert reply.answer == "Le maire se nomme Yann Le Goff."
    assert [(said.text, said.doubt) for said in reply.statements] == [
        ("Le port de Brest compte quatre quais.", Doubt("number", "quatre")),
        ("Le maire se nomme Yann Le Goff.", None),
    ]
    assert [citation.place for citation in reply.citations] == ["a.txt:3"]


@pytest.mark.parametrize("script", [WRONG, "Il pleut. [9]", "Pas de numéro", ""])
def test_without_a_supported_statement_the_reader_quotes(library: Library, script: str) -> None:
    reply = ask(library, script)
    assert (reply.answer, reply.model, reply.is_fallback) == ("Le port de Brest compte trois quais.", "quoting", True)
    assert all(not said.supported for said in reply.statements)


def test_the_reader_may_abstain_too(library: Library) -> None:
    reply = ask(library, WRONG, confidence=0.1)
    assert (reply.answered, reply.is_fallback, len(reply.nearest)) == (False, True, 3)


def test_a_statement_that_names_the_sentence_beside_it_cites_the_one_that_the_reader_quotes(library: Library) -> None:
    for named in ("[2]", "[3]", "[2][3]", "[7]"):
        reply = ask(library, f"Le port de Brest compte trois quais. {named}")
        assert (reply.is_written, [citation.place for citation in reply.citations]) == (True, ["a.txt:1"])


def test_where_the_reader_finds_no_answer_no_other_sentence_is_cited(library: Library) -> None:
    reply = ask(library, "Le port de Brest compte trois quais. [2]", confidence=0.4)
    assert (reply.answered, [said.supported for said in reply.statements]) == (False, [False])
    assert [citation.place for citation in reply.statements[0].citations] == ["a.txt:2"]


@pytest.mark.parametrize("confidence", [0.1, 0.49])
def test_a_model_that_says_that_the_sentences_do_not_say_is_believed(library: Library, confidence: float) -> None:
    reply = ask(library, ABSENT, confidence=confidence)
    assert (reply.answered, reply.model, reply.is_fallback, reply.statements) == (False, "scripted", False, ())
    assert reply.nearest[0].place == "a.txt:1"


def test_unless_the_reader_has_an_answer_that_is_more_likely_right_than_not(library: Library) -> None:
    reply = ask(library, ABSENT, confidence=0.5)
    assert (reply.answer, reply.model, reply.is_fallback) == ("Le port de Brest compte trois quais.", "quoting", True)
    assert exports.notes(reply) == ["scripted found no answer; the built-in reader did."]


def test_a_cut_statement_is_dropped_and_said_so(library: Library) -> None:
    reply = ask(library, f"{RIGHT} Le maire se nom")
    assert reply.writing is not None
    assert reply.writing.cut
    assert reply.answer == "Le port de Brest compte trois quais."


def test_json_keeps_what_it_meant_and_says_what_was_written(library: Library) -> None:
    given = ask(library, f"{RIGHT} Une grue y danse. [3]").as_json()
    assert (given["answered"], given["answer"]) == (True, "Le port de Brest compte trois quais.")
    assert [citation["sentence_number"] for citation in given["citations"]] == [1]
    writing = given["writing"]
    assert {name: writing[name] for name in ("model", "place", "absent", "cut", "fallback", "unsupported")} == {
        "model": "scripted",
        "place": None,
        "absent": False,
        "cut": False,
        "fallback": False,
        "unsupported": 1,
    }
    right, wrong = writing["statements"]
    assert (right["supported"], right["doubt"], right["citations"]) == (True, None, given["citations"])
    assert (wrong["supported"], wrong["doubt"]["kind"]) == (False, "likeness")
    assert json.loads(json.dumps(given)) == given


def test_history_keeps_statements(library: Library) -> None:
    history = History.kept_nowhere()
    replies = [
        ask(library, f"{RIGHT} Une grue y danse. [3]"),
        ask(library, WRONG),
        ask(library, ABSENT, confidence=0.1),
    ]
    for reply in replies:
        history.add("a", reply)
    kept = history.replies("a")
    assert [reply.as_json() for reply in kept] == [reply.as_json() for reply in replies]
    assert [reply.is_fallback for reply in kept] == [False, True, False]


def test_a_statement_made_twice_is_shown_once_as_it_holds(library: Library) -> None:
    reply = ask(library, f"{RIGHT[:-3]}[2] {RIGHT} {RIGHT[:-3]}[3]")
    assert [(said.supported, [c.place for c in said.citations]) for said in reply.statements] == [(True, ["a.txt:1"])]


def test_exports_show_statements_reasons_and_where_sentences_were_sent(library: Library) -> None:
    engine = Scripted(f"{WRONG} Le maire se nomme Yann Le Goff. [3] Il")
    engine.place = "http://127.0.0.1:8080/v1"
    reply = Conversation(library, Quoting(), engine=engine).answer(QUAYS)
    text = exports.as_markdown([reply])
    assert "quatre quais. [1] *(unsupported: the cited sentence does not give the number quatre)*" in text
    assert "Le maire se nomme Yann Le Goff. [2]\n" in text
    assert "> [2] a.txt:3 (" in text
    pasted = exports.as_text(reply)
    assert pasted.startswith("Le maire se nomme Yann Le Goff.\n\nLe port de Brest compte quatre quais. — unsupported:")
    shown = click.unstyle(rendering.reply(reply))
    for said in (text, pasted, shown):
        assert "The last statement was left out: it was cut before its citation." in " ".join(said.split())
        assert "scripted wrote at http://127.0.0.1:8080/v1" in " ".join(said.split())
    assert shown.startswith("Le port de Brest compte quatre quais.\n  unsupported:")
    assert json.loads(exports.as_json([reply]))["turns"][0]["writing"]["place"] == engine.place


def test_exports_of_a_fallback_show_the_quotation_first(library: Library) -> None:
    text = exports.as_markdown([ask(library, WRONG)])
    assert text.index("Le port de Brest compte trois quais. [1]") < text.index(
        "Le port de Brest compte quatre quais. [1]"
    )
    assert "*scripted wrote nothing that its citations support, so the built-in reader replied instead.*" in text


def test_an_empty_library_asks_no_model(folder: Path, library: Library) -> None:
    library._database.execute("DELETE FROM sources")
    build(folder, [], BagOfWords())
    engine = Scripted()
    assert not Conversation(library, Quoting(), engine=engine).answer(QUAYS).answered
    assert engine.asked == []


def test_a_model_that_breaks_down_leaves_the_turns_as_they_were(library: Library) -> None:
    conversation = Conversation(library, Quoting(), engine=Scripted(None, RIGHT))
    with pytest.raises(ModelUnusable):
        conversation.answer(QUAYS)
    assert conversation.turns == []
    assert conversation.answer(QUAYS).answered


def test_a_question_given_up_stops_the_model_and_leaves_no_turn(library: Library) -> None:
    engine = Scripted(RIGHT)
    conversation = Conversation(library, Quoting(), engine=engine)
    stages = conversation.ask(QUAYS)
    while not isinstance(next(stages), Token):
        pass
    stages.close()  # type: ignore[attr-defined]
    assert (engine.closed, conversation.turns) == (1, [])


class TestFollowUps:
    def conversation(self, library: Library, *scripts: str | None) -> tuple[Conversation, Scripted]:
        engine = Scripted(RIGHT, *scripts)
        conversation = Conversation(library, Quoting(), engine=engine)
        conversation.answer(QUAYS)
        return conversation, engine

    def test_are_rewritten_by_the_model_and_the_full_question_is_shown(self, library: Library) -> None:
        full = "Combien de grues compte le port de Brest ?"
        conversation, engine = self.conversation(library, full, "Une vieille grue y rouille. [2]")
        *stages, reply = conversation.ask("Et combien de grues ?")
        assert isinstance(reply, Reply)
        assert reply.completed == full
        assert "".join(stage.text for stage in stages if isinstance(stage, Rewriting)) == full
        assert f"Question : {full}\n" in engine.asked[-1][0][-1].content
        assert list(reply.timings_ms) == ["complete", "load", "retrieve", "answer"]

    @pytest.mark.parametrize(
        "rewritten", ["Et combien de grues ?", "Combien d'avions ?", "Combien de grues à Lyon ?", "", None]
    )
    def test_are_completed_without_the_model_if_it_fails(self, library: Library, rewritten: str | None) -> None:
        conversation, _engine = self.conversation(library, rewritten, ABSENT)
        reply = conversation.answer("Et combien de grues ?")
        assert reply.completed == f"{QUAYS} Et combien de grues ?"

    def test_a_question_that_stands_alone_is_not_rewritten(self, library: Library) -> None:
        conversation, engine = self.conversation(library, ABSENT)
        assert conversation.answer("Qui est le maire de Brest ?").completed is None
        assert len(engine.asked) == 2

    def test_earlier_turns_are_read_as_they_were_answered(self, library: Library) -> None:
        conversation, engine = self.conversation(library, ABSENT)
        conversation.answer("Qui est le maire de Brest ?")
        said = [(message.role, message.content) for message in engine.asked[-1][0][1:-1]]
        assert said == [("user", QUAYS), ("assistant", "Le port de Brest compte trois quais.")]


@pytest.fixture(scope="module")
def models(home: Path) -> Path:
    return home / "models"


def test_with_llama_cpp_a_model_that_writes_what_holds(library: Library, tmp_path: Path) -> None:
    engine = LocalEngine(scripted_model(tmp_path / "right.gguf", RIGHT))
    try:
        reply = Conversation(library, Quoting(), engine=engine).answer(QUAYS)
    finally:
        engine.close()
    assert (reply.answer, reply.is_written) == ("Le port de Brest compte trois quais.", True)


def test_with_llama_cpp_a_session_asks_stops_and_changes_models(article_library: Path, models: Path) -> None:
    session = Session(article_library, lambda: LocalEngine(random_model(models, 1)))
    session.open(lambda _done, _todo: None)
    stages = session.ask("Combien de sorties ont été effectuées ?", ())
    while not isinstance(next(stages), Token):
        pass
    session.stop_asking()
    *_, reply = stages
    assert isinstance(reply, Reply)
    assert reply.writing is not None
    *_, reply = session.ask("Combien de sorties ont été effectuées ?", ())
    assert isinstance(reply, Reply)
    assert reply.writing is not None
    assert reply.writing.model.startswith("random-1")
    session.choose(None)
    *_, reply = session.ask("Combien de sorties ont été effectuées ?", ())
    assert isinstance(reply, Reply)
    assert reply.writing is None
    session.close()
