"""Questions and French text → what teaches retrieval: (question, answering sentence, sentence that looks right but
is not)."""

import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from models.training.data import Question, read_french_lines, read_training_questions, sentence_spans
from models.training.lexical import Bm25
from models.training.settings import Places


@dataclass(frozen=True)
class Triple:
    """A question, the sentence that holds its answer, and a sentence that does not."""

    question: str
    sentence: str
    wrong: str
    language: str


def read_triples(places: Places, hold_out: bool, seed: int) -> list[Triple]:
    """The triples of the training questions; made once (cutting sentences takes a minute), then read from `work`."""
    path = places.work / f"triples-{'decide' if hold_out else 'all'}-{seed}.json"
    if not path.exists():
        triples = _make_triples(read_training_questions(places.data, hold_out), random.Random(seed))
        path.write_text(json.dumps([asdict(triple) for triple in triples], ensure_ascii=False), encoding="utf-8")
    return [Triple(**record) for record in json.loads(path.read_text(encoding="utf-8"))]


def _make_triples(questions: list[Question], chance: random.Random) -> list[Triple]:
    """`wrong` is a neighbour of the right sentence or BM25's favourite; where neither exists, another question's
    sentence."""
    found = [_locate(question) for question in questions]
    favourites = _bm25_favourites(questions, [right for right, _ in found])
    triples = []
    for number, (question, (right, neighbours)) in enumerate(zip(questions, found, strict=True)):
        wrong = neighbours + favourites.get(number, []) or [chance.choice(found)[0]]
        triples.append(Triple(question.question, right, chance.choice(wrong), question.language))
    return triples


def _locate(question: Question) -> tuple[str, list[str]]:
    """The sentence that holds the answer, and the sentences next to it."""
    spans = sentence_spans(question.context, question.language)
    at = max((i for i, (start, _) in enumerate(spans) if start <= question.start), default=0)
    texts = [question.context[start:end] for start, end in spans]
    return texts[at], texts[max(0, at - 2) : at] + texts[at + 1 : at + 3]


def _bm25_favourites(questions: list[Question], right: list[str], most: int = 3) -> dict[int, list[str]]:
    """For each French question (by number), the `most` sentences of French contexts that BM25 ranks first and that
    are wrong."""
    asked = [number for number, question in enumerate(questions) if question.language == "fr"]
    contexts = dict.fromkeys(questions[number].context for number in asked)
    haystack = [context[start:end] for context in contexts for start, end in sentence_spans(context)]
    scores = Bm25(haystack).scores([questions[number].question for number in asked])
    best = np.argpartition(-scores, most + 1, axis=1)[:, : most + 1]
    return {
        number: [haystack[i] for i in row if haystack[i] != right[number]][:most]
        for number, row in zip(asked, best, strict=True)
    }


def read_french_sentences(data: Path, hold_out: bool) -> list[str]:
    """Different French sentences without questions: Common Voice, service-public.fr, contexts of training questions."""
    lines = list(read_french_lines(data))
    contexts = dict.fromkeys(q.context for q in read_training_questions(data, hold_out) if q.language == "fr")
    lines += [context[start:end] for context in contexts for start, end in sentence_spans(context)]
    return [line for line in dict.fromkeys(lines) if len(line) > 20]
