"""Reference data → questions with the sentences of their texts: what teaches and what measures reading.

Cut once, as the product cuts sentences, then read from `work`. A tenth of SQuADShifts new_wiki and of QAMR, by the
checksum of their texts, and one PIAF training article in eight train nothing.
"""

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from models.training.data import Question, read_questions, read_squad, sentence_spans
from models.training.lexical import Bm25
from models.training.settings import Places

ENGLISH_TEST = ("squadshifts-datasets__new_wiki", "qamr")
ENGLISH_TEST_SHARE = 10
FAVOURITES = 4


@dataclass(frozen=True)
class Asked:
    """A question and its text's sentences; the answer is `start`…`end` of sentence `gold`, −1 if there is none.

    `favourites`: places (text, sentence) in `Reading.texts` that BM25 ranks high for the question and that are wrong.
    """

    question: str
    text: int
    gold: int
    start: int
    end: int
    source: str
    language: str
    favourites: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Reading:
    """Texts as their sentences, and the questions about them."""

    texts: list[list[str]]
    asked: list[Asked]


def read_reading(places: Places) -> Reading:
    """All that may train a reader, without what is held out."""
    path = places.work / "reading.json"
    if not path.exists():
        made = _make(_training_questions(places.data))
        record = {"texts": made.texts, "asked": [asdict(asked) for asked in made.asked]}
        path.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    record = json.loads(path.read_text(encoding="utf-8"))
    asked = [Asked(**{**one, "favourites": tuple(map(tuple, one["favourites"]))}) for one in record["asked"]]
    return Reading(record["texts"], asked)


def read_english_test(data: Path) -> list[Question]:
    """English questions that train nothing."""
    return [q for q in read_questions(data / "qa_train/en.jsonl.gz") if _is_english_test(q)]


def _training_questions(data: Path) -> list[Question]:
    kept_back = {q.context for q in read_squad(data / "piaf/train.json", held_out=True)}
    french = [q for q in read_questions(data / "qa_train/fr.jsonl.gz") if q.context not in kept_back]
    return french + [q for q in read_questions(data / "qa_train/en.jsonl.gz") if not _is_english_test(q)]


def _is_english_test(question: Question) -> bool:
    return question.source in ENGLISH_TEST and zlib.crc32(question.context.encode()) % ENGLISH_TEST_SHARE == 0


def _make(questions: list[Question]) -> Reading:
    """Questions whose answer lies in one sentence, and unanswerable ones."""
    contexts: dict[str, int] = {}
    spans: list[list[tuple[int, int]]] = []
    asked = []
    for question in questions:
        number = contexts.setdefault(question.context, len(contexts))
        if number == len(spans):
            spans.append(sentence_spans(question.context, question.language))
        place = _locate(question, spans[number])
        if place is not None:
            asked.append(Asked(question.question, number, *place, question.source, question.language))
    texts = [[context[a:b] for a, b in cut] for context, cut in zip(contexts, spans, strict=True)]
    return Reading(texts, _with_favourites(texts, asked))


def _locate(question: Question, spans: list[tuple[int, int]]) -> tuple[int, int, int] | None:
    if question.start < 0:
        return -1, 0, 0
    for number, (start, end) in enumerate(spans):
        if start <= question.start and question.end <= end:
            return number, question.start - start, question.end - start
    return None


def _with_favourites(texts: list[list[str]], asked: list[Asked]) -> list[Asked]:
    """The French questions with BM25's favourites among the sentences of other French texts."""
    french = [one for one in asked if one.language == "fr"]
    places = [(t, s) for t in sorted({one.text for one in french}) for s in range(len(texts[t]))]
    scores = Bm25([texts[t][s] for t, s in places]).scores([one.question for one in french])
    best = np.argsort(-scores, axis=1)[:, : 4 * FAVOURITES]
    found = []
    for one, row in zip(french, best, strict=True):
        elsewhere = tuple(places[i] for i in row if places[i][0] != one.text)[:FAVOURITES]
        found.append(Asked(**{**asdict(one), "favourites": elsewhere}))
    return found + [one for one in asked if one.language != "fr"]
