"""`questions/*.jsonl` → questions that were written for this project, with their texts.

Reference data is not part of the repository: a record names its passage by a checksum, and holds its text only where
the text was written for this project too. What they are, and who wrote them: `questions/README.md`.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.training.data import Question, files_version, read_lines, read_squad

QUESTIONS = Path(__file__).parent / "questions"
DECIDING = QUESTIONS / "deciding.jsonl"
"""Asked of PIAF's held-out articles and of texts of their own: they train nothing, as those of the newsroom's texts in
_DECIDING_TOO."""
_DECIDING_TOO = QUESTIONS / "deciding-newsroom.jsonl"
NEWSROOM = "newsroom"
"""The source of the questions that were written last: few name what they ask about."""
_ADMINISTRATION_LINES, _DEBATE_LINES = 8, 7


def written_version() -> str:
    """A checksum of the questions that train."""
    return files_version(_training_files())


def read_written(data: Path) -> list[Question]:
    """Those that train."""
    known = read_passages(data)
    return [one for path in _training_files() for one in _read(path, known)]


def read_deciding(data: Path) -> list[Question]:
    """Those that train nothing."""
    known = read_passages(data)
    return [one for path in (DECIDING, _DECIDING_TOO) for one in _read(path, known)]


def _training_files() -> list[Path]:
    return [path for path in _files() if path not in (DECIDING, _DECIDING_TOO)]


def _files() -> list[Path]:
    return sorted(QUESTIONS.glob("*.jsonl"))


def _read(path: Path, known: dict[str, str]) -> Iterator[Question]:
    source = NEWSROOM if path.stem.endswith(NEWSROOM) else "written"
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        text = record["text"] if "text" in record else known[record["passage"]]
        for asked in record["asked"]:
            yield asked_of(text, asked, source, record["language"])


def asked_of(text: str, asked: dict[str, Any], source: str, language: str) -> Question:
    """The question of a record; that of a near miss has the place that tempts instead of an answer's."""
    start, end, tempts = asked["start"], asked["start"] + len(asked["answer"]), -1
    if not asked["answer"]:
        start, end, tempts = -1, -1, start
    return Question(asked["question"], text, start, end, source, language, tempts)


def read_texts(data: Path) -> dict[str, str]:
    """All texts that may be asked about, the invented ones too, by checksum."""
    records = (json.loads(line) for path in _files() for line in path.read_text("utf-8").splitlines())
    invented = [record["text"] for record in records if "text" in record]
    return read_passages(data) | {_checksum(text): text for text in invented}


def read_passages(data: Path) -> dict[str, str]:
    """The reference data's passages that may be asked about, by checksum."""
    texts = [question.context for question in read_squad(data / "piaf/train.json")]
    pairs = read_lines(data / "parallel/train.tsv.gz")
    debates = [line.split("\t")[2] for line in pairs if line.startswith("europarl")]
    administration = list(read_lines(data / "text/service_public.txt.gz"))
    for lines, size in ((administration, _ADMINISTRATION_LINES), (debates, _DEBATE_LINES)):
        texts += (" ".join(lines[first : first + size]) for first in range(0, len(lines), size))
    return {_checksum(text): text for text in texts}


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
