"""BM25 and cosine of a sentence and of its context → one score, by a few weights fitted on the held-out articles.

A sentence often leaves out what its paragraph is about, so two of the four features look around it: the cosine of its
vector mixed with its neighbours' (`mix`: done once, when a text is indexed), and BM25 of the sentence with its
neighbours. The score is linear; its weights maximise the likelihood of the gold sentences under a softmax over the
haystack (conditional logit; McFadden 1974), with a slight pull to zero.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.embedders import Embed, load_embedder
from models.training.lexical import Bm25
from models.training.retrieval_task import Haystack, gold_ranks, read_haystack, summarise
from models.training.settings import Places

REACH = 2
"""Sentences before and after, in the same context, that count as a sentence's neighbours."""
MIX = 0.5
"""Length of the neighbourhood's unit vector that is added to a sentence's."""


@dataclass(frozen=True)
class Way:
    """A way to score: its name, and the features (see `features`) that it weighs."""

    name: str
    columns: tuple[int, ...]


WAYS = (Way("fused", (0, 1)), Way("fused in context", (1, 2, 3)))


@dataclass(frozen=True)
class FusionSettings:
    """Names that `load_embedder` knows, whose weights are fitted."""

    embedders: list[str] = field(default_factory=lambda: ["shipped"])
    ridge: float = 1e-6


def neighbours(haystack: Haystack) -> list[list[int]]:
    """For each sentence, the numbers of itself and of those within REACH in its context, in order."""
    contexts, end = haystack.contexts, len(haystack.sentences)
    around = (range(max(0, number - REACH), min(end, number + REACH + 1)) for number in range(end))
    return [[i for i in numbers if contexts[i] == contexts[number]] for number, numbers in enumerate(around)]


def mix(vectors: NDArray[np.float32], haystack: Haystack) -> NDArray[np.float32]:
    """Unit vectors (sentences, dimensions) with their neighbourhood in them: unit(v + MIX · unit(Σ neighbours))."""
    sums = np.stack([vectors[numbers].sum(axis=0) for numbers in neighbours(haystack)])
    return _unit(vectors + MIX * _unit(sums))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def features(haystack: Haystack, embed: Embed) -> NDArray[np.float32]:
    """(4, questions, sentences): cosine; BM25 / best; cosine of mixed vectors; BM25 with neighbours / best."""
    asked, vectors = embed.questions(haystack.questions), embed.documents(haystack.sentences)
    contexts = [" ".join(haystack.sentences[i] for i in numbers) for numbers in neighbours(haystack)]
    lexical = [_shares(Bm25(texts).scores(haystack.questions)) for texts in (haystack.sentences, contexts)]
    return np.stack([asked @ vectors.T, lexical[0], asked @ mix(vectors, haystack).T, lexical[1]]).astype(np.float32)


def _shares(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(scores / np.maximum(scores.max(axis=1, keepdims=True), 1e-6), dtype=np.float32)


def fit_weights(values: NDArray[np.float32], gold: NDArray[np.int64], ridge: float) -> NDArray[np.float32]:
    """Weights (features,) that make `gold` likeliest."""
    stack, own = torch.from_numpy(values), torch.from_numpy(gold)
    weights = torch.ones(len(values), requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = torch.nn.functional.cross_entropy(torch.einsum("f,fqs->qs", weights, stack), own)
        value = value + ridge * weights.square().sum()
        torch.autograd.backward(value)
        return value

    optimiser.step(loss)
    fitted: NDArray[np.float32] = weights.detach().numpy()
    return fitted


def combine(values: NDArray[np.float32], weights: Sequence[float] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted sum of features: scores (questions, sentences)."""
    return np.asarray(np.einsum("f,fqs->qs", np.array(weights, dtype=np.float32), values), dtype=np.float32)


def fit_fusion(places: Places, settings: FusionSettings) -> str:
    """Fit the weights of each way for each embedder; write `work/fusion.json`."""
    haystack = read_haystack(places.data, "deciding")
    path = places.work / "fusion.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    for name in settings.embedders:
        values = features(haystack, load_embedder(name))
        found[name] = {way.name: _fit_way(values, way, haystack, settings.ridge) for way in WAYS}
        path.write_text(json.dumps(found, indent=1) + "\n")
    return json.dumps(found)


def _fit_way(values: NDArray[np.float32], way: Way, haystack: Haystack, ridge: float) -> list[float]:
    chosen = values[list(way.columns)]
    weights = fit_weights(chosen, haystack.gold, ridge)
    print(way.name, weights, summarise(gold_ranks(combine(chosen, weights), haystack.gold)), flush=True)
    return [float(weight) for weight in weights]


def read_weights(places: Places, name: str) -> dict[str, list[float]]:
    """The weights fitted for the embedder `name`, a list for each way."""
    weights: dict[str, list[float]] = json.loads((places.work / "fusion.json").read_text())[name]
    return weights
