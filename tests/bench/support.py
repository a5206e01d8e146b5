"""How well unsupported statements are told: fits assistant.support on half of the labelled pairs, measures the other.

    python tests/bench/support.py [--fit]

The pairs of tests/support_pairs.jsonl, in French and English, were written by hand: true paraphrases, numbers, dates
and names changed, roles exchanged, negations and opposites, and statements of something else. The halves are drawn by
a hash of the cited sentences, so that no sentence is in both. Precision and recall are those of *unsupported*:
precision is the share of the statements called unsupported that are, recall the share of those that are called so.
"""

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from assistant import support
from assistant.embeddings import CheckpointEmbedder

PAIRS = Path(__file__).parents[1] / "support_pairs.jsonl"


@dataclass(frozen=True)
class Pair:
    kind: str
    supported: bool
    statement: str
    sentences: tuple[str, ...]

    @property
    def held_out(self) -> bool:
        return hashlib.sha256("\n".join(self.sentences).encode()).digest()[0] % 2 == 1


def load() -> list[Pair]:
    lines = PAIRS.read_text("utf-8").splitlines()
    return [Pair(**{**json.loads(line), "sentences": tuple(json.loads(line)["sentences"])}) for line in lines]


def encoder() -> support.Encode:
    return CheckpointEmbedder.named().encode_questions


def measure(pairs: Sequence[Pair], encode: support.Encode) -> tuple[float, float, float]:
    """Precision and recall of *unsupported*, and the share of true statements that pass."""
    doubted = np.array([support.check(p.statement, p.sentences, encode).doubt is not None for p in pairs])
    wrong = np.array([not pair.supported for pair in pairs])
    hits = (doubted & wrong).sum()
    return float(hits / doubted.sum()), float(hits / wrong.sum()), float((~doubted & ~wrong).sum() / (~wrong).sum())


def fit(pairs: Sequence[Pair], encode: support.Encode) -> None:
    """Weights on those pairs whose facts hold, which is what the score is for."""
    held = [pair for pair in pairs if support.changed_fact(pair.statement, pair.sentences) is None]
    found = [(support.features(pair.statement, pair.sentences, encode), pair.supported) for pair in held]
    judged = [(features, supported) for features, supported in found if not support.is_denial(features)]
    x = np.array([features.values for features, _ in judged])
    y = np.array([supported for _, supported in judged])
    model = LogisticRegression(C=3).fit(x, y)
    print("weights", *np.round([*model.intercept_, *model.coef_[0]], 2))
    scores = model.predict_proba(x)[:, 1]
    correct = {t: ((scores >= t) == y).mean() for t in np.arange(0.2, 0.8, 0.01)}
    best = [t for t, share in correct.items() if share == max(correct.values())]
    print(f"threshold {np.mean(best):.2f}: {max(correct.values()):.3f} right of {len(y)}")


def report(name: str, pairs: Sequence[Pair], encode: support.Encode, verbose: bool) -> None:
    precision, recall, passed = measure(pairs, encode)
    print(f"{name}: {len(pairs)} pairs, precision {precision:.3f}, recall {recall:.3f}, true ones passed {passed:.3f}")
    kinds = defaultdict(list)
    for pair in pairs:
        found = support.check(pair.statement, pair.sentences, encode)
        kinds[pair.kind].append((found.doubt is None) == pair.supported)
        if verbose and not kinds[pair.kind][-1]:
            print(
                "  ",
                pair.kind,
                f"{found.score:.2f}",
                found.doubt,
                support.features(pair.statement, pair.sentences, encode).values,
                pair.statement,
                "|",
                *pair.sentences,
            )
    print("  right:", ", ".join(f"{kind} {sum(right)}/{len(right)}" for kind, right in sorted(kinds.items())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit weights and threshold on the other half")
    parser.add_argument("-v", action="store_true", help="show the mistakes of the fitted half")
    options = parser.parse_args()
    pairs, encode = load(), encoder()
    if options.fit:
        fit([pair for pair in pairs if not pair.held_out], encode)
    report("fitted half", [pair for pair in pairs if not pair.held_out], encode, options.v)
    report("held-out half", [pair for pair in pairs if pair.held_out], encode, False)


if __name__ == "__main__":
    main()
