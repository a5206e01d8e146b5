"""`questions/*.jsonl` → questions that were written for this project, with the sentences of their texts.

Reference data is not part of the repository: a record names its passage by a checksum, and holds its text only where
the text was written for this project too. What they are, and who wrote them: `questions/README.md`.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.training.data import read_lines, read_squad, sentence_spans

QUESTIONS = Path(__file__).parent / "questions"
DECIDING = QUESTIONS / "deciding.jsonl"
"""Asked of PIAF's held-out articles and of texts of their own: they train nothing."""
_ADMINISTRATION_LINES, _DEBATE_LINES = 8, 7


@dataclass(frozen=True)
class Written:
    """A question about a passage; the answer is `answer`, from code point `start` on; of a near miss, which has none,
    `start` is that of the sentence which tempts."""

    question: str
    answer: str
    start: int
    kind: str


@dataclass(frozen=True)
class Passage:
    """A text, its language, and what is asked of it."""

    text: str
    language: str
    asked: tuple[Written, ...]

    @property
    def sentences(self) -> list[tuple[int, int]]:
        """Start and end of each, as the product cuts them."""
        return sentence_spans(self.text, self.language)


def read_training(data: Path) -> Iterator[Passage]:
    """Passages whose questions train."""
    known = dict(_passages(data))
    for path in sorted(QUESTIONS.glob("*.jsonl")):
        if path != DECIDING:
            yield from _read(path, known)


def read_deciding(data: Path) -> list[Passage]:
    """Passages whose questions train nothing."""
    return list(_read(DECIDING, dict(_passages(data))))


def checksum(text: str) -> str:
    """By which a record names a passage of the reference data."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _read(path: Path, known: dict[str, str]) -> Iterator[Passage]:
    for line in path.read_text(encoding="utf-8").splitlines():
        record: dict[str, Any] = json.loads(line)
        text = record["text"] if "text" in record else known[record["passage"]]
        yield Passage(text, record["language"], tuple(Written(**one) for one in record["asked"]))


def _passages(data: Path) -> Iterator[tuple[str, str]]:
    """Checksums and texts of all the reference data's passages that may be asked about."""
    texts = [question.context for question in read_squad(data / "piaf/train.json")]
    pairs = read_lines(data / "parallel/train.tsv.gz")
    debates = [line.split("\t")[2] for line in pairs if line.startswith("europarl")]
    administration = list(read_lines(data / "text/service_public.txt.gz"))
    for lines, size in ((administration, _ADMINISTRATION_LINES), (debates, _DEBATE_LINES)):
        texts += (" ".join(lines[first : first + size]) for first in range(0, len(lines), size))
    return ((checksum(text), text) for text in texts)
