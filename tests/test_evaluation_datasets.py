"""Question files as they come: both formats, and all that can be wrong with a record."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import BadQuestionFile
from assistant.evaluation.datasets import QuestionSet, load_questions
from assistant.evaluation.questions import GoldSpan, GoldText

CONTEXT = "Il pleut à Brest. Le port compte 3 quais. Il pleut à Lorient."
QUESTION = {"id": "q1", "question": "Combien de quais ?", "answers": ["3"]}


def load(tmp_path: Path, content: str | list[Any] | dict[str, Any]) -> QuestionSet:
    """Load a file with `content`: text as it is, a list as JSON Lines, an object as JSON."""
    if isinstance(content, list):
        content = "\n".join(json.dumps(record) for record in content)
    elif isinstance(content, dict):
        content = json.dumps(content)
    path = tmp_path / "questions"
    path.write_text(content, encoding="utf-8")
    return load_questions(path)


def squad(*qas: Any, context: Any = CONTEXT, title: str = "Bretagne") -> dict[str, Any]:
    return {"version": "1.1", "data": [{"title": title, "paragraphs": [{"context": context, "qas": list(qas)}]}]}


def asked(name: Any = "a", text: Any = "3 quais", start: Any = 33, **more: Any) -> dict[str, Any]:
    return {"id": name, "question": "Que compte le port ?", "answers": [{"text": text, "answer_start": start}]} | more


def problems(of: QuestionSet) -> list[str]:
    return [str(problem) for problem in of.problems]


# --- our JSON Lines


def test_a_line_gives_a_question(tmp_path: Path) -> None:
    record = QUESTION | {
        "sentences": [{"document": "a.txt", "start": 18, "end": 41}, {"document": "b.txt", "text": "3 quais."}],
        "tags": ["number"],
    }
    (question,) = load(tmp_path, [record]).questions
    assert question.answers == ("3",)
    assert question.sentences == (GoldSpan("a.txt", 18, 41), GoldText("b.txt", "3 quais."))
    assert (question.tags, question.unanswerable, question.follows) == (("number",), False, None)


def test_blank_lines_a_byte_order_mark_and_foreign_keys_do_no_harm(tmp_path: Path) -> None:
    read = load(tmp_path, "\ufeff" + json.dumps(QUESTION | {"author": "Anne"}) + "\r\n\r\n")
    assert [question.id for question in read.questions] == ["q1"]
    assert not read.problems


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": None}, '"id" must be text, not null'),
        ({"id": True}, '"id" must be text, not true or false'),
        ({"question": ["?"]}, '"question" must be text, not a list'),
        ({"question": "  "}, '"question" is empty'),
        ({"question": "\ud800"}, '"question" holds half a character (a lone surrogate)'),
        ({"question": "Où\0 ?"}, '"question" holds a NUL character'),
        ({"answers": "3"}, '"answers" must be a list, not text'),
        ({"answers": [3]}, '"answers" must be a list of texts'),
        ({"answers": []}, "it has no answers and is not marked unanswerable"),
        ({"unanswerable": True}, "it is marked unanswerable and has answers"),
        ({"unanswerable": "no"}, '"unanswerable" must be true or false, not text'),
        ({"sentences": {}}, '"sentences" must be a list, not an object'),
        ({"sentences": ["x"]}, "a JSON object was expected, not text"),
        ({"sentences": [{"document": "a.txt"}]}, '"start" is missing'),
        ({"sentences": [{"document": "a.txt", "start": -1, "end": 3}]}, '"start" must be a whole number, 0 or more'),
        ({"sentences": [{"document": "a.txt", "start": 3, "end": 3}]}, "a sentence starts at 3 and ends at 3"),
        ({"follows": "q0"}, "it follows 'q0', which is no question before it"),
        ({"tags": "number"}, '"tags" must be a list, not text'),
    ],
)
def test_a_record_of_the_wrong_shape_is_named_by_its_line(tmp_path: Path, change: Any, problem: str) -> None:
    read = load(tmp_path, [QUESTION | {"id": "fine"}, QUESTION | change])
    assert problems(read) == [f"line 2: {problem}"]
    assert [question.id for question in read.questions] == ["fine"]


def test_a_missing_key_a_foreign_value_and_broken_json_are_named_by_their_line(tmp_path: Path) -> None:
    read = load(tmp_path, '{"id": "a"}\n3\n{"id": "b", "question": "Qu')
    assert problems(read)[:2] == ['line 1: "question" is missing', "line 2: a JSON object was expected, not a number"]
    assert problems(read)[2].startswith("line 3: not JSON: Unterminated string")


def test_an_id_used_twice_keeps_the_first(tmp_path: Path) -> None:
    read = load(tmp_path, [QUESTION, QUESTION | {"question": "Et de grues ?"}])
    assert problems(read) == ["line 2: the id 'q1' was used before"]
    assert [question.question for question in read.questions] == ["Combien de quais ?"]


@pytest.mark.parametrize("content", ["", " \n\n"])
def test_an_empty_file_is_a_problem(tmp_path: Path, content: str) -> None:
    assert problems(load(tmp_path, content)) == ["the file: it holds no question"]


@pytest.mark.parametrize("content", ["[\n{}\n]", '{\n"questions": []\n}'])
def test_json_of_another_kind_is_one_problem_not_one_a_line(tmp_path: Path, content: str) -> None:
    expected = 'the file: neither SQuAD JSON ({"data": […]}) nor one JSON object a line'
    assert problems(load(tmp_path, content)) == [expected]


def test_deep_nesting_does_not_crash(tmp_path: Path) -> None:
    assert problems(load(tmp_path, "[" * 100_000 + "]" * 100_000)) == ["the file: its JSON is nested too deeply"]


def test_a_file_that_is_no_text_or_is_not_there_says_so(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes("été".encode("latin-1"))
    with pytest.raises(BadQuestionFile, match="byte 0 is not UTF-8"):
        load_questions(tmp_path / "latin")
    with pytest.raises(BadQuestionFile, match="No such file"):
        load_questions(tmp_path / "nowhere")
    with pytest.raises(BadQuestionFile, match="directory"):
        load_questions(tmp_path)


# --- SQuAD


def test_a_context_is_a_document_and_gold_the_sentence_that_holds_the_answer(tmp_path: Path) -> None:
    read = load(tmp_path, squad(asked(), title="La Bretagne (région)"))
    assert read.documents == (("La-Bretagne-région-1", CONTEXT),)
    (question,) = read.questions
    assert question.context == "La-Bretagne-région-1"
    assert question.sentences == (GoldSpan("La-Bretagne-région-1", 18, 41),)
    assert CONTEXT[18:41] == "Le port compte 3 quais."


def test_answers_of_several_annotators_are_alternatives(tmp_path: Path) -> None:
    record = asked() | {"answers": [{"text": "Il pleut", "answer_start": 0}, {"text": "Il pleut", "answer_start": 42}]}
    (question,) = load(tmp_path, squad(record)).questions
    assert question.answers == ("Il pleut",)
    assert [gold.start for gold in question.sentences] == [0, 42]


def test_version_2_has_unanswerable_questions(tmp_path: Path) -> None:
    impossible = {"id": "b", "question": "Pourquoi ?", "answers": [], "plausible_answers": [], "is_impossible": True}
    read = load(tmp_path, squad(asked(is_impossible=False), impossible))
    assert [question.unanswerable for question in read.questions] == [False, True]
    assert not read.problems


def test_equal_contexts_are_one_document_and_equal_titles_are_told_apart(tmp_path: Path) -> None:
    data = [squad(asked(i), context=c)["data"][0] for i, c in enumerate([CONTEXT, "Un port compte ici aussi 3 quais"])]
    data[1]["paragraphs"][0]["qas"][0]["answers"][0]["answer_start"] = 25
    data.append(squad(asked(2))["data"][0])
    read = load(tmp_path, {"data": data})
    assert [name for name, _ in read.documents] == ["Bretagne-1", "Bretagne-2"]
    assert [question.context for question in read.questions] == ["Bretagne-1", "Bretagne-2", "Bretagne-1"]


def test_an_offset_that_is_wrong_is_put_right_only_where_there_is_no_doubt(tmp_path: Path) -> None:
    read = load(tmp_path, squad(asked(start=32), asked("b", "Il pleut", 1)))
    assert [str(repair) for repair in read.repairs] == ["question a: answer_start 32 corrected to 33"]
    assert problems(read) == ["question b: its answer 'Il pleut' does not stand at character 1 of its context"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (squad(asked(text="4 quais")), "question a: its answer '4 quais' does not stand at character 33 of its"),
        (squad(asked(start="33")), 'question a: "answer_start" must be a whole number, 0 or more'),
        (squad(asked(start=10**9, text="x")), "question a: its answer 'x' does not stand at character 1000000000"),
        (squad(asked(is_impossible=True)), "question a: it is marked unanswerable and has answers"),
        (squad(asked() | {"answers": []}), "question a: it has no answers and is not marked unanswerable"),
        (squad(asked() | {"answers": None}), 'question a: "answers" must be a list, not null'),
        (squad(asked(), asked()), "question a: the id 'a' was used before"),
        (squad(asked(None)), 'data[0].paragraphs[0].qas[0]: "id" must be text, not null'),
        (squad("?"), "data[0].paragraphs[0].qas[0]: a JSON object was expected, not text"),
        (squad(context=""), 'data[0].paragraphs[0]: "context" is empty'),
        (squad(context=7), 'data[0].paragraphs[0]: "context" must be text, not a number'),
        ({"data": {}}, 'the file: "data" must be a list, not an object'),
        ({"data": [[]]}, "data[0]: a JSON object was expected, not a list"),
        ({"data": [{"paragraphs": 1}]}, 'data[0]: "paragraphs" must be a list, not a number'),
        ({"data": []}, "the file: it holds no question"),
        ({"data": [{"title": "x", "paragraphs": [{"context": CONTEXT, "qas": []}]}]}, "the file: it holds no question"),
    ],
)
def test_a_malformed_squad_record_is_named_by_its_id_or_place(tmp_path: Path, content: Any, problem: str) -> None:
    assert problems(load(tmp_path, content))[0].startswith(problem)


@pytest.mark.parametrize("indent", [None, 1], ids=["one line", "many lines"])
def test_truncated_squad_json_says_where_it_breaks_off(tmp_path: Path, indent: int | None) -> None:
    whole = json.dumps(squad(asked()), indent=indent)
    (problem,) = problems(load(tmp_path, whole[: len(whole) // 2]))
    assert problem.startswith("line ")
    assert "broken or cut off here" in problem


@given(st.integers(0, 400))
def test_no_truncation_crashes_or_passes_unseen(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    for whole in (json.dumps(squad(asked())), json.dumps(QUESTION) + "\n" + json.dumps(QUESTION | {"id": "q2"})):
        cut = whole[: min(length, len(whole) - 1)]
        read = load(tmp_path_factory.mktemp("cut"), cut)
        # Cutting JSON Lines between two lines leaves a shorter file that is whole.
        assert read.problems or cut.rstrip() == json.dumps(QUESTION)
