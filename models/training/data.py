"""Reference data → plain records: translation pairs, questions with their sentences, French text, scored pairs.

Only what may train a shipped model is read for training: `parallel/`, `qa_train/`, `text/`, `piaf/train.json`.
Articles of PIAF's training part are split once, by the checksum of their title, into a part that trains and a part
that decides (`held_out`), so that no choice is made on `piaf/dev.json`.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.sentences import split_sentences

HELD_OUT_SHARE = 8
"""One PIAF training article in this many decides instead of training."""


@dataclass(frozen=True)
class Pair:
    """An English sentence and its French translation."""

    english: str
    french: str


@dataclass(frozen=True)
class Question:
    """A question, the text it is asked of, and where its first answer starts and ends (code points; -1 if
    unanswerable).

    `tempts`: where the sentence starts that seems to answer a near miss, −1 where nobody said.
    """

    question: str
    context: str
    start: int
    end: int
    source: str
    language: str
    tempts: int = -1


@dataclass(frozen=True)
class ScoredPair:
    """Two sentences and how alike people found them, 0 to 5."""

    first: str
    second: str
    score: float


def sentence_spans(text: str, language: str = "fr") -> list[tuple[int, int]]:
    """Start and end of each sentence of `text`, as the product cuts it."""
    return [(sentence.start, sentence.end) for sentence in split_sentences(text, language)]


def files_version(paths: Iterable[Path]) -> str:
    """A checksum of the files' content."""
    return f"{zlib.crc32(b''.join(path.read_bytes() for path in paths)):08x}"


def read_lines(path: Path) -> Iterator[str]:
    """Lines of a gzipped text file, without their ends."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n")


def read_french_lines(data: Path) -> Iterator[str]:
    """French text without questions: Common Voice, then service-public.fr."""
    for name in ("commonvoice_fr", "service_public"):
        yield from read_lines(data / f"text/{name}.txt.gz")


def read_pairs(path: Path, longest: int = 400) -> list[Pair]:
    """Translation pairs of a `source ⇥ English ⇥ French` file, both sides under `longest` characters."""
    rows = (line.split("\t") for line in read_lines(path))
    return [Pair(row[1], row[2]) for row in rows if len(row) == 3 and max(len(row[1]), len(row[2])) < longest]


def read_questions(path: Path) -> list[Question]:
    """Records of `qa_train/*.jsonl.gz`."""
    return [_question(json.loads(line)) for line in read_lines(path)]


def _question(record: dict[str, Any]) -> Question:
    start, answer = -1, ""
    if record["answers"]:
        start, answer = record["answers"][0]["start"], record["answers"][0]["text"]
    end = start + len(answer)
    return Question(record["question"], record["context"], start, end, record["source"], record["lang"])


def read_squad(path: Path, held_out: bool | None = None) -> list[Question]:
    """Questions of a SQuAD-format file; with `held_out`, only those of the articles that decide (True) or train
    (False)."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    chosen = [article for article in articles if held_out is None or _decides(article["title"]) == held_out]
    paragraphs = [paragraph for article in chosen for paragraph in article["paragraphs"]]
    return [_squad_question(paragraph["context"], asked) for paragraph in paragraphs for asked in paragraph["qas"]]


def _decides(title: str) -> bool:
    return zlib.crc32(title.encode()) % HELD_OUT_SHARE == 0


def _squad_question(context: str, asked: dict[str, Any]) -> Question:
    start = asked["answers"][0]["answer_start"]
    return Question(asked["question"], context, start, start + len(asked["answers"][0]["text"]), "piaf", "fr")


def read_scored_pairs(path: Path) -> list[ScoredPair]:
    """Rows of an STS-B file: first sentence, second sentence, score."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        rows = csv.reader(io.StringIO(handle.read()))
        return [ScoredPair(first, second, float(score)) for first, second, score in rows]
