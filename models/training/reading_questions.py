"""Reference data → questions with the sentences of their texts: what teaches and what measures reading.

Cut once, as the product cuts sentences, then read from `work`. A tenth of SQuADShifts new_wiki and of QAMR, by the
checksum of their texts, and one PIAF training article in eight train nothing.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assistant.documents import Document
from assistant.embeddings import CheckpointEmbedder
from assistant.index import Library
from assistant.retrieval import retrieve
from models.training import haystack as stacks
from models.training.data import Question, read_questions, read_squad, sentence_spans
from models.training.followup_questions import followups_version, read_in_context
from models.training.settings import Places
from models.training.translated_questions import read_translated, translated_version
from models.training.written_questions import read_written, written_version

ENGLISH_TEST = ("squadshifts-datasets__new_wiki", "qamr")
ENGLISH_TEST_SHARE = 10
FAVOURITES = 6
_SEARCHED = {
    "fr": ("piaf", "afriqa", "written", "newsroom", "translated", "crossed", "followups"),
    "en": ("squad2-dev", "squadshifts-datasets__new_wiki", "written", "newsroom", "followups"),
}
"""Sources, by language, whose questions make sense without their text: they are asked of all of the texts together."""


@dataclass(frozen=True)
class Asked:
    """A question and its text's sentences; the answer is `start`…`end` of sentence `gold`, −1 if there is none.

    `favourites`: places (text, sentence) in `Reading.texts` that retrieval ranks high for the question: in other texts.
    `tempts`: the sentence that seems to answer a near miss, −1 where nobody said.
    """

    question: str
    text: int
    gold: int
    start: int
    end: int
    source: str
    language: str
    favourites: tuple[tuple[int, int], ...] = ()
    tempts: int = -1


@dataclass(frozen=True)
class Reading:
    """Texts as their sentences, and the questions about them."""

    texts: list[list[str]]
    asked: list[Asked]


def read_reading(places: Places) -> Reading:
    """All that may train a reader, without what is held out: also what leans on what was said."""
    name = f"followed-{followups_version()}-{written_version()}"
    return _joined(read_alone(places), _kept(places, name, read_in_context))


def read_alone(places: Places) -> Reading:
    """Those of them that need nothing before them."""
    reference = _kept(places, "reading", _training_questions)
    written = _kept(places, f"written-{written_version()}", read_written)
    return _joined(_joined(reference, written), _kept(places, f"translated-{translated_version()}", read_translated))


def _kept(places: Places, name: str, read: Callable[[Path], list[Question]]) -> Reading:
    """The questions with their favourites, from `work/<name>.json`, which is made where it is missing."""
    path = places.work / f"{name}.json"
    if not path.exists():
        made = cut(read(places.data))
        asked = _with_favourites(made.texts, made.asked)
        record = {"texts": made.texts, "asked": [asdict(one) for one in asked]}
        path.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    record = json.loads(path.read_text(encoding="utf-8"))
    asked = [Asked(**{**one, "favourites": tuple(map(tuple, one["favourites"]))}) for one in record["asked"]]
    return Reading(record["texts"], asked)


def _joined(first: Reading, second: Reading) -> Reading:
    more = len(first.texts)
    moved = [
        replace(one, text=one.text + more, favourites=tuple((text + more, at) for text, at in one.favourites))
        for one in second.asked
    ]
    return Reading(first.texts + second.texts, first.asked + moved)


def read_english_test(data: Path) -> list[Question]:
    """English questions that train nothing."""
    return [q for q in read_questions(data / "qa_train/en.jsonl.gz") if _is_english_test(q)]


def _training_questions(data: Path) -> list[Question]:
    kept_back = {q.context for q in read_squad(data / "piaf/train.json", held_out=True)}
    french = [q for q in read_questions(data / "qa_train/fr.jsonl.gz") if q.context not in kept_back]
    return french + [q for q in read_questions(data / "qa_train/en.jsonl.gz") if not _is_english_test(q)]


def _is_english_test(question: Question) -> bool:
    return question.source in ENGLISH_TEST and zlib.crc32(question.context.encode()) % ENGLISH_TEST_SHARE == 0


def cut(questions: list[Question]) -> Reading:
    """Questions whose answer lies in one sentence, and unanswerable ones, without favourites."""
    contexts: dict[str, int] = {}
    spans: list[list[tuple[int, int]]] = []
    asked = []
    for question in questions:
        number = contexts.setdefault(question.context, len(contexts))
        if number == len(spans):
            spans.append(sentence_spans(question.context, question.language))
        place = (-1, 0, 0) if question.start < 0 else _locate(question.start, question.end, spans[number])
        tempting = _locate(question.tempts, question.tempts, spans[number])
        if place is not None:
            tempts = tempting[0] if tempting else -1
            asked.append(Asked(question.question, number, *place, question.source, question.language, tempts=tempts))
    texts = [[context[a:b] for a, b in ends] for context, ends in zip(contexts, spans, strict=True)]
    return Reading(texts, asked)


def _locate(first: int, after: int, spans: list[tuple[int, int]]) -> tuple[int, int, int] | None:
    """The sentence that holds the characters `first`…`after`, and where in it they are."""
    for number, (start, end) in enumerate(spans):
        if start <= first and after <= end:
            return number, first - start, after - start
    return None


def _with_favourites(texts: list[list[str]], asked: list[Asked]) -> list[Asked]:
    """The answerable questions of _SEARCHED with what the product retrieves for them in other texts than their own."""
    embedder = stacks.RememberingEmbedder(CheckpointEmbedder.named())
    for language, sources in _SEARCHED.items():
        mine = {n for n, one in enumerate(asked) if one.language == language and one.source in sources}
        numbers = sorted({asked[n].text for n in mine})
        documents = tuple(Document.from_text(str(number), " ".join(texts[number])) for number in numbers)
        with stacks.library_of(stacks.Haystack(language, documents, ()), embedder) as library:
            asked = [_favoured(library, texts, one) if n in mine else one for n, one in enumerate(asked)]
    return asked


def _favoured(library: Library, texts: list[list[str]], one: Asked) -> Asked:
    if one.gold < 0:
        return one
    places = []
    for hit in retrieve(library, one.question, 4 * FAVOURITES):
        text, number = int(hit.passage.document), hit.passage.focus - 1
        # A sentence is where it was unless the joined text is cut in another way.
        if text != one.text and texts[text][number : number + 1] == [hit.passage.focused.text]:
            places.append((text, number))
    return replace(one, favourites=tuple(places[:FAVOURITES]))
