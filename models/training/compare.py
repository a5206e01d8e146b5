"""Embedders → the tables of the cards: retrieval alone and fused, translations, likeness."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.training.embedders import Embed, load_embedder
from models.training.fusion import WAYS, combine, features, read_weights
from models.training.retrieval_task import Haystack, gold_ranks, interval, read_haystack, summarise
from models.training.settings import Places
from models.training.similarity_tasks import likeness_correlation, translation_retrieval


@dataclass(frozen=True)
class CompareSettings:
    """Names that `load_embedder` knows, haystacks to search, and the embedder whose fused weights all of them use."""

    embedders: list[str] = field(default_factory=lambda: ["minilm", "shipped"])
    haystacks: list[str] = field(default_factory=lambda: ["small", "whole"])
    weights: str = "shipped"


def compare(places: Places, settings: CompareSettings) -> str:
    """Measure every embedder and give the tables as Markdown."""
    lines: list[str] = []
    for name in settings.embedders:
        embed = load_embedder(name)
        lines += ["", f"**{name}**: {_similarity(embed, places)}", ""]
        for haystack in settings.haystacks:
            lines += _retrieval(embed, read_weights(places, settings.weights), read_haystack(places.data, haystack))
    return "\n".join(lines)


def _similarity(embed: Embed, places: Places) -> str:
    folder = places.data / "eval_only"
    found = translation_retrieval(embed.questions, folder / "parallel-ntrex.tsv.gz")
    french, english = (
        likeness_correlation(embed.questions, folder / f"stsb-{name}-test.csv.gz") for name in ("fr", "en")
    )
    return f"NTREX English→French {found:.1f} %, STS-B French {french:.3f}, English {english:.3f}"


def _retrieval(embed: Embed, weights: dict[str, list[float]], haystack: Haystack) -> list[str]:
    """A table of one haystack: a row a way to score, a figure with its 95 % interval."""
    values = features(haystack, embed)
    ways = {"BM25": values[1], "BM25 of the context": values[3], "dense": values[0], "dense, mixed": values[2]}
    ways |= {way.name: combine(values[list(way.columns)], weights[way.name]) for way in WAYS}
    title = f"{haystack.name}: {len(haystack.questions)} questions, {len(haystack.sentences)} sentences"
    rows = [_row(way, gold_ranks(scores, haystack.gold)) for way, scores in ways.items()]
    return [title, "", "| | R@1 | R@5 | R@20 | MRR |", "|---|---|---|---|---|", *rows, ""]


def _row(way: str, ranks: NDArray[np.int64]) -> str:
    low, high = interval(ranks)
    figures = zip(summarise(ranks).figures(), low.figures(), high.figures(), strict=True)
    return f"| {way} | " + " | ".join(f"{value:.1f} ({least:.1f}–{most:.1f})" for value, least, most in figures) + " |"
