"""Treebank and article → one Markdown table: sentence boundaries of ours, sentencex and pySBD beside the gold ones.

Boundaries are the ends of sentences, the last of each text left out: every splitter finds that one. Run it with
``python tests/bench/segmentation.py``; the treebank is looked for in ``../shared/data`` beside the checkout.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREEBANK = ROOT.parent / "shared" / "data" / "treebank"
DEVELOPED_ON = {"sequoia-train", "partut-train"}
Splitter = Callable[[str], set[int]]


@dataclass(frozen=True, slots=True)
class Gold:
    """A text and where its sentences end, in code points."""

    text: str
    ends: frozenset[int]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of boundaries: found and right, found and wrong, not found."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def splitters() -> dict[str, Splitter]:
    """Each splitter by name, set to French, as text → ends of its sentences without white space."""
    import pysbd
    import sentencex

    from assistant.sentences import split_sentences

    rules = pysbd.Segmenter(language="fr", clean=False, char_span=True)

    def ends(text: str, found: Iterable[int]) -> set[int]:
        return {len(text[:end].rstrip()) for end in found}

    return {
        "ours": lambda text: {s.end for s in split_sentences(text, "fr")},
        "sentencex": lambda text: ends(text, (s["end_index"] for s in sentencex.get_sentence_boundaries("fr", text))),
        "pySBD": lambda text: ends(text, (s.end for s in rules.segment(text))),
    }


def treebank() -> dict[str, list[Gold]]:
    """The texts of each treebank file, by its name without suffix; empty where the shared data is missing."""
    files = sorted(TREEBANK.glob("*.jsonl"))
    return {path.stem: [_gold(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in files}


def article() -> list[Gold]:
    """The seed article with the boundaries set by hand."""
    text = (ROOT / "seeds" / "article.txt").read_text(encoding="utf-8")
    spans = json.loads((ROOT / "tests" / "data" / "article_sentences.json").read_text(encoding="utf-8"))["sentences"]
    return [Gold(text, frozenset(span["end"] for span in spans))]


def score(splitter: Splitter, texts: list[Gold]) -> Score:
    """Count the boundaries of all texts together."""
    right = wrong = missed = 0
    for gold in texts:
        last = max(gold.ends)
        wanted, found = gold.ends - {last}, splitter(gold.text) - {last}
        right, wrong, missed = right + len(wanted & found), wrong + len(found - wanted), missed + len(wanted - found)
    return Score(right, wrong, missed)


def seconds(splitter: Splitter, texts: list[Gold], runs: int = 3) -> float:
    """The best of some runs over all texts."""

    def run() -> float:
        start = time.perf_counter()
        for gold in texts:
            splitter(gold.text)
        return time.perf_counter() - start

    return min(run() for _ in range(runs))


def _gold(line: str) -> Gold:
    record = json.loads(line)
    return Gold(record["text"], frozenset(record["ends"]))


def _table(files: dict[str, list[Gold]], compared: dict[str, Splitter]) -> Iterable[str]:
    yield "| text | boundaries | " + " | ".join(f"{name} P / R / F1" for name in compared) + " |"
    yield "|---|--:|" + "--:|" * len(compared)
    for name, texts in files.items():
        scores = [score(splitter, texts) for splitter in compared.values()]
        cells = [f"{100 * s.precision:.2f} / {100 * s.recall:.2f} / **{100 * s.f1:.2f}**" for s in scores]
        label = f"{name} (developed on)" if name in DEVELOPED_ON else name
        yield f"| {label} | {scores[0].right + scores[0].missed} | " + " | ".join(cells) + " |"


def _speed(texts: list[Gold], compared: dict[str, Splitter]) -> str:
    base = seconds(compared["sentencex"], texts)
    ratios = [f"{seconds(splitter, texts) / base:.2f} ×" for splitter in compared.values()]
    return "| time, as a multiple of sentencex's | | " + " | ".join(ratios) + " |"


def main() -> None:
    """Print the table."""
    files = treebank()
    if not files:
        print(f"No treebank in {TREEBANK}: nothing to measure. shared/data/README.md says what belongs there.")
        return
    everything = [gold for texts in files.values() for gold in texts]
    held_out = [gold for name, texts in files.items() if name not in DEVELOPED_ON for gold in texts]
    compared = splitters()
    rows = files | {"all held out": held_out, "all": everything, "seeds/article.txt": article()}
    print(*_table(rows, compared), sep="\n")
    print(_speed(everything, compared))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
