"""Open sentence retrieval on public French questions: dense, BM25 and fused, as one Markdown table.

    python tests/bench/retrieval.py            # the product's settings, on questions that chose nothing
    python tests/bench/retrieval.py --choose --embedder FOLDER   # how the settings were chosen

FOLDER is an embedder that the held-out articles of PIAF's training part did not train: `models.training` makes one.

All sentences of a set's contexts are searched; gold is the sentence that holds the answer.
"""

import argparse
import itertools
from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from assistant import passages, retrieval
from assistant.embeddings import CheckpointEmbedder
from assistant.index import Library
from models.training import haystack as stacks

Ranking = dict[int, float]
Gold = set[tuple[str, int]]
Found = list[dict[int, retrieval.Evidence]]
PARTS = ("dense", "relative", "covered", "covered_around")


def gather(library: Library, questions: Sequence[str]) -> Found:
    """The evidence for each question's candidates."""
    library.embedder.encode_questions(list(questions))
    found = []
    for question in questions:
        with library.snapshot():
            found.append(retrieval.gather(library, question))
    return found


def figures(library: Library, rankings: Sequence[Ranking], golds: Sequence[Gold]) -> str:
    """R@1, R@5, R@20 and MRR in per cent."""
    ranks = [rank(library, scores, gold) for scores, gold in zip(rankings, golds, strict=True)]
    recalls = [100 * sum(r is not None and r <= k for r in ranks) / len(ranks) for k in (1, 5, 20)]
    reciprocal = 100 * sum(1 / r for r in ranks if r is not None) / len(ranks)
    return " | ".join(f"{value:.1f}" for value in (*recalls, reciprocal))


def rank(library: Library, scores: Ranking, gold: Gold) -> int | None:
    """Of the best gold sentence, from 1; a passage that a part does not know ranks nowhere."""
    best = sorted((i for i in scores if scores[i] > 0), key=lambda i: (-scores[i], i))
    found = (r for r, p in enumerate(library.passages(best), 1) if (p.document, p.focused.start) in gold)
    return next(found, None)


def report(stack: stacks.Haystack, embedder: stacks.RememberingEmbedder) -> None:
    """The product's own settings, each part alone and fused."""
    with stacks.library_of(stack, embedder) as library:
        found = gather(library, [question.question for question in stack.questions])
        golds = [stacks.gold_sentences(question) for question in stack.questions]
        for name, part in (("dense", "dense"), ("BM25", "lexical"), ("fused", "score")):
            rankings = [{i: getattr(evidence, part) for i, evidence in one.items()} for one in found]
            size = f"{len(golds)} / {len(library)}"
            print(f"| {stack.name} | {size} | {name} | {figures(library, rankings, golds)} |", flush=True)


def choose(stack: stacks.Haystack, embedder: stacks.RememberingEmbedder) -> None:
    """A table of settings: neighbours in a passage, their weights; the function of the evidence fitted anew."""
    golds = [stacks.gold_sentences(question) for question in stack.questions]
    for neighbours, weight in [(0, 0.0), (1, 0.2), (2, 0.1), (2, 0.2), (2, 0.3), (3, 0.2)]:
        passages.NEIGHBOURS, passages.NEIGHBOUR_WEIGHT = neighbours, weight
        with stacks.library_of(stack, embedder) as library:
            for around in (0.2, 0.3, 0.4) if neighbours else (0.0,):
                retrieval.AROUND_WEIGHT = around
                found = gather(library, [question.question for question in stack.questions])
                retrieval.WEIGHTS = fit(library, found, golds)
                # What is near a passage was weighed before the weights were fitted anew.
                rankings = [{i: evidence.own for i, evidence in one.items()} for one in found]
                weights = ", ".join(f"{w:.2f}" for w in retrieval.WEIGHTS)
                print(
                    f"| {neighbours} | {weight} | {around} | {weights} | {figures(library, rankings, golds)} |",
                    flush=True,
                )


def fit(library: Library, found: Found, golds: Sequence[Gold]) -> tuple[float, ...]:
    """Weights of a conditional logit (McFadden 1974): the gold candidate chosen among those of its question."""
    questions = []
    for one, gold in zip(found, golds, strict=True):
        values = np.array([[getattr(evidence, part) for part in PARTS] for evidence in one.values()])
        chosen = [(p.document, p.focused.start) in gold for p in library.passages(list(one))]
        if any(chosen):
            questions.append((values, chosen.index(True)))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros(len(PARTS))
        for values, chosen in questions:
            scores = values @ weights
            chances = np.exp(scores - scores.max())
            chances /= chances.sum()
            total -= np.log(chances[chosen])
            slope += chances @ values - values[chosen]
        return total / len(questions), slope / len(questions)

    return tuple(minimize(loss, np.ones(len(PARTS)), jac=True, method="L-BFGS-B").x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--embedder", default=None)
    options = parser.parse_args()
    named = CheckpointEmbedder.named(*([options.embedder] if options.embedder else []))
    embedder = stacks.RememberingEmbedder(named)
    if options.choose:
        print("| neighbours | their weight, dense | their weight, BM25 | fitted weights | R@1 | R@5 | R@20 | MRR |")
        print("|" + "---|" * 8)
        choose(stacks.piaf_held_out(), embedder)
        return
    print("| questions | count / sentences | ranked by | R@1 | R@5 | R@20 | MRR |\n|" + "---|" * 7)
    for stack in itertools.chain([stacks.piaf_dev(), stacks.fquad()]):
        report(stack, embedder)


if __name__ == "__main__":
    main()
