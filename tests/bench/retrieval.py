"""Open sentence retrieval on public French questions: dense, BM25 and fused, as one Markdown table.

    python tests/bench/retrieval.py            # the product's settings, on questions that chose nothing
    python tests/bench/retrieval.py --choose   # how the settings were chosen, on PIAF's training questions

All sentences of a set's contexts are searched; gold is the sentence that holds the answer.
"""

import argparse
import itertools
from collections.abc import Sequence

import haystack as stacks

from assistant import lexicon, passages, retrieval
from assistant.embeddings import CheckpointEmbedder
from assistant.index import Library

DEPTH = 200
Scores = dict[int, float]


def candidates(library: Library, questions: Sequence[str]) -> list[tuple[Scores, Scores]]:
    """Dense and lexical scores of each question's candidates."""
    found = []
    for question, vector in zip(questions, library.embedder.encode_questions(list(questions)), strict=True):
        terms = {language: lexicon.terms(question, language) for language in lexicon.LANGUAGES}
        with library.snapshot():
            lexical = library.matching(terms, DEPTH, retrieval.AROUND_WEIGHT)
            dense = library.nearest(vector, DEPTH)
            found.append((dense | library.cosines(vector, lexical.keys() - dense.keys()), lexical))
    return found


def figures(library: Library, rankings: Sequence[Scores], golds: Sequence[set[tuple[str, int]]]) -> str:
    """R@1, R@5, R@20 and MRR in per cent."""
    ranks = [rank(library, scores, gold) for scores, gold in zip(rankings, golds, strict=True)]
    recalls = [100 * sum(r is not None and r <= k for r in ranks) / len(ranks) for k in (1, 5, 20)]
    reciprocal = 100 * sum(1 / r for r in ranks if r is not None) / len(ranks)
    return " | ".join(f"{value:.1f}" for value in (*recalls, reciprocal))


def rank(library: Library, scores: Scores, gold: set[tuple[str, int]]) -> int | None:
    best = sorted(scores, key=lambda i: (-scores[i], i))[:DEPTH]
    found = (r for r, p in enumerate(library.passages(best), 1) if (p.document, p.focused.start) in gold)
    return next(found, None)


def report(stack: stacks.Haystack, embedder: stacks.RememberingEmbedder) -> None:
    """The product's own settings, each part alone and fused."""
    with stacks.library_of(stack, embedder) as library:
        found = candidates(library, [question.question for question in stack.questions])
        golds = [stacks.gold_sentences(question) for question in stack.questions]
        rows = {
            "dense": [{i: dense[i] for i in sorted(dense, key=lambda i: -dense[i])[:DEPTH]} for dense, _ in found],
            "BM25": [lexical for _, lexical in found],
            "fused": [retrieval.fuse(dense, lexical) for dense, lexical in found],
        }
        for name, rankings in rows.items():
            size = f"{len(golds)} / {len(library)}"
            print(f"| {stack.name} | {size} | {name} | {figures(library, rankings, golds)} |", flush=True)


def choose(stack: stacks.Haystack, embedder: stacks.RememberingEmbedder) -> None:
    """A table of settings: neighbours in a passage, their weights, and the weight of the dense score."""
    golds = [stacks.gold_sentences(question) for question in stack.questions]
    for neighbours, weight in [(0, 0.0), (1, 0.1), (1, 0.2), (1, 0.3), (2, 0.2)]:
        passages.NEIGHBOURS, passages.NEIGHBOUR_WEIGHT = neighbours, weight
        with stacks.library_of(stack, embedder) as library:
            for around in (0.2, 0.3, 0.4) if neighbours else (0.0,):
                retrieval.AROUND_WEIGHT = around
                found = candidates(library, [question.question for question in stack.questions])
                for dense_weight in (0.0, 0.3, 0.4, 0.5, 0.6, 0.7):
                    retrieval.DENSE_WEIGHT = dense_weight
                    fused = [retrieval.fuse(dense, lexical) for dense, lexical in found]
                    setting = f"{neighbours} | {weight} | {around} | {dense_weight}"
                    print(f"| {setting} | {figures(library, fused, golds)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--embedder", default=None)
    parser.add_argument("--questions", type=int, default=1500, help="sample with --choose")
    options = parser.parse_args()
    named = CheckpointEmbedder.named(*([options.embedder] if options.embedder else []))
    embedder = stacks.RememberingEmbedder(named)
    if options.choose:
        print("| neighbours | their weight, dense | their weight, BM25 | dense weight | R@1 | R@5 | R@20 | MRR |")
        print("|" + "---|" * 8)
        choose(stacks.sample(stacks.piaf("train"), options.questions), embedder)
        return
    print("| questions | count / sentences | ranked by | R@1 | R@5 | R@20 | MRR |\n|" + "---|" * 7)
    for stack in itertools.chain([stacks.piaf("dev"), stacks.fquad()]):
        report(stack, embedder)


if __name__ == "__main__":
    main()
