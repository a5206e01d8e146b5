"""When to abstain: measures the shipped reader's confidence and threshold on questions that fitted neither.

    python tests/bench/abstention.py [--sample N]

Each question is asked twice of the same library: as it is, and with the document that holds its answer taken out of
what was retrieved, which leaves the other paragraphs of the same article: near misses. Right means token F1 with the
gold answers, from a gold sentence.
"""

import argparse
import random
from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from assistant import places
from assistant.conversion import in_32_bits
from assistant.embeddings import CheckpointEmbedder
from assistant.reader import Calibration
from models.training import haystack as stacks
from models.training.calibration import Read, RememberingReader, ask_twice, best_answers, f1s


def measure(name: str, read: list[Read], calibration: Calibration) -> None:
    values, right, answerable = best_answers(read, calibration.retrieval)
    intercept, *weights = calibration.weights
    confidence = 1 / (1 + np.exp(-(intercept + values @ np.array(weights))))
    said = confidence >= calibration.threshold
    has, no = f1s(confidence, answerable, calibration.threshold)
    bins = np.minimum((confidence * 10).astype(int), 9)
    error = sum(abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    print(
        f"| {name} | {len(read)} | {has:.3f} | {no:.3f} | {right[said].mean():.3f} | {said.mean():.3f} "
        f"| {_auc(confidence, answerable):.3f} | {error:.3f} |",
        flush=True,
    )


def _auc(confidence: np.ndarray, answerable: np.ndarray) -> float:
    """Chance that an answerable asking is more confident than one that is not (Mann–Whitney)."""
    ranks, yes = rankdata(confidence), answerable.sum()
    return float((ranks[answerable].sum() - yes * (yes + 1) / 2) / (yes * (len(ranks) - yes)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=None, help="so many questions of each set")
    size = parser.parse_args().sample
    reader = RememberingReader(in_32_bits(places.shipped("models/reader/reader-q8_0.gguf")))
    embedder = stacks.RememberingEmbedder(CheckpointEmbedder.named())
    print("| questions | asked | has-answer F1 | no-answer F1 | F1 if answered | answered | AUC | ECE |")
    print("|" + "---|" * 8)
    for stack in (stacks.piaf_dev(), stacks.fquad()):
        if size is not None:
            stack = replace(stack, questions=tuple(random.Random(0).sample(stack.questions, size)))
        measure(f"{stack.name}, one library", list(ask_twice(reader, [stack], embedder)), reader.calibration)
        alone = stacks.articles(stack)
        measure(f"{stack.name}, one an article", list(ask_twice(reader, alone, embedder)), reader.calibration)


if __name__ == "__main__":
    main()
