"""Questions to measure a chat model's answers on: 32 that the documents answer and 10 that they only seem to.

    python tests/bench/writing.py /tmp/questions.json
    assistant eval /tmp/questions.json --model MODEL.gguf

Drawn from those that train nothing (`models/training/questions/README.md`): on invented texts in the text's words, in
other words and in the other language, and near misses; and people's, on PIAF's held-out articles. Their texts, and the
other invented ones, are one library.
"""

import json
import random
import sys
from pathlib import Path

from models.training.data import Question, read_squad
from models.training.haystack import SHARED
from models.training.written_questions import DECIDING, NEWSROOM, read_deciding

DRAWN = {"direct": 6, "paraphrased": 10, "other language": 6, "near miss": 10}
PEOPLES = 10


def drawn() -> tuple[list[Question], list[str]]:
    """The questions, and all texts of the library."""
    chance = random.Random(5)
    train = SHARED / "piaf/train.json"
    wikipedia = {question.context for question in read_squad(train)}
    decides = [question for question in read_deciding(SHARED) if question.source != NEWSROOM]
    written = [question for question in decides if question.context not in wikipedia]
    records = map(json.loads, DECIDING.read_text("utf-8").splitlines())
    kinds = {asked["question"]: asked["kind"] for record in records for asked in record["asked"]}
    found = [
        question
        for kind, count in DRAWN.items()
        for question in chance.sample([one for one in written if kinds[one.question] == kind], count)
    ]
    found += chance.sample(read_squad(train, held_out=True), PEOPLES)
    return found, list(dict.fromkeys(question.context for question in [*found, *written]))


def squad(questions: list[Question], texts: list[str]) -> dict[str, object]:
    """The texts, an article each, with their questions, as SQuAD 2.0 has them."""
    articles = []
    for number, text in enumerate(texts):
        asked = [
            {
                "id": f"{number}-{question.start}-{question.question}",
                "question": question.question,
                "is_impossible": question.start < 0,
                "answers": []
                if question.start < 0
                else [{"text": text[question.start : question.end], "answer_start": question.start}],
            }
            for question in questions
            if question.context == text
        ]
        articles.append({"title": f"text {number}", "paragraphs": [{"context": text, "qas": asked}]})
    return {"version": "2.0", "data": articles}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(squad(*drawn()), ensure_ascii=False), "utf-8")
