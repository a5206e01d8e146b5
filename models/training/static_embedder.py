"""Pairs → a static embedder: one vector a token, trained towards the teacher and to find the sentence that answers.

Three tasks, mixed by weight in each phase: *translation* (both sides of a pair towards the teacher's vector of the
English side), *questions* (a question and its sentence, with hard negatives), *views* (two random parts of one French
sentence, as the inverse cloze task of Lee et al., arXiv 1906.00300, but with words dropped). Words dropped from
questions and sentences regularise.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from models.training.losses import contrast, distance
from models.training.progress import Progress
from models.training.retrieval_task import gold_ranks, read_haystack, summarise
from models.training.settings import Places
from models.training.static_material import Material, read_material
from models.training.static_model import Bags, StaticEmbedder, StaticTable

Task = tuple[list[Bags], Callable[..., torch.Tensor]]
"""Texts to embed, and the loss of their vectors."""


@dataclass(frozen=True)
class Phase:
    """`steps` of `batch` texts a task; the learning rate falls linearly to a twentieth; weight 0 leaves a task out."""

    steps: int
    learning_rate: float
    batch: int = 1024
    translation: float = 0.0
    questions: float = 0.0
    views: float = 0.0


@dataclass(frozen=True)
class StaticSettings:
    """How a table is trained.

    `keep` and `view_keep` are probabilities to keep a token, `french_share` the share of French questions in a batch,
    `scale` multiplies cosines of questions and views. `hold_out` leaves the deciding articles' questions out.
    """

    seed: int = 0
    name: str = "static"
    dimensions: int = 384
    hold_out: bool = False
    keep: float = 0.85
    view_keep: float = 0.5
    french_share: float = 0.25
    scale: float = 40.0
    threads: int = 2
    phases: list[dict[str, Any]] = field(default_factory=list)


class Trainer:
    """The table, its optimiser and the random state; `save` and `load` make a stopped run go on where it was."""

    def __init__(self, material: Material, settings: StaticSettings, tokens: int) -> None:
        torch.manual_seed(settings.seed)
        self.material, self.settings = material, settings
        self.chance = np.random.default_rng(settings.seed)
        self.table = StaticTable(tokens, settings.dimensions)
        self.optimiser = torch.optim.Adam(self.table.parameters(), lr=1e-3, fused=True)

    def step(self, phase: Phase, rate: float) -> float:
        """One update at the learning rate `rate`; gives the loss."""
        tasks = {"translation": self._translation, "questions": self._questions, "views": self._views}
        weights = {name: getattr(phase, name) for name in tasks if getattr(phase, name)}
        drawn = [tasks[name](phase.batch) for name in weights]
        vectors = iter(self.table([bags for groups, _ in drawn for bags in groups]))
        losses = [loss(*(next(vectors) for _ in groups)) for groups, loss in drawn]
        total = torch.stack([weight * loss for weight, loss in zip(weights.values(), losses, strict=True)]).sum()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        torch.autograd.backward(total)
        self.optimiser.step()
        return float(total.detach())

    def _translation(self, batch: int) -> Task:
        material = self.material
        rows = self.chance.integers(len(material.french), size=batch)
        target = material.translations.targets(rows)

        def loss(*sides: torch.Tensor) -> torch.Tensor:
            return torch.stack([contrast(side, target, 20.0) + 2 * distance(side, target) for side in sides]).sum()

        return [bags.take(rows, 1.0, self.chance) for bags in (material.french, material.english)], loss

    def _questions(self, batch: int) -> Task:
        questions, keep = self.material.questions, self.settings.keep
        rows = questions.draw(batch, self.settings.french_share, self.chance)
        ids = torch.from_numpy(questions.sentence_ids[rows])

        def loss(asked: torch.Tensor, right: torch.Tensor, wrong: torch.Tensor) -> torch.Tensor:
            return contrast(asked, right, self.settings.scale, same=ids[:, None] == ids[None, :], wrong=wrong)

        sides = (questions.asked, questions.right, questions.wrong)
        return [bags.take(rows, keep, self.chance) for bags in sides], loss

    def _views(self, batch: int) -> Task:
        rows = self.chance.integers(len(self.material.sentences), size=batch)

        def loss(part: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
            return contrast(part, whole, self.settings.scale)

        return [self.material.sentences.take(rows, keep, self.chance) for keep in (self.settings.view_keep, 0.9)], loss

    def save(self, path: Path, done: int) -> None:
        """Write a checkpoint under a temporary name, then rename it."""
        state = {
            "table": self.table.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "chance": self.chance.bit_generator.state,
            "done": done,
        }
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> int:
        """Take up the checkpoint, if there is one; gives the number of steps done."""
        if not path.exists():
            return 0
        state = torch.load(path, weights_only=True)
        self.table.load_state_dict(state["table"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.chance.bit_generator.state = state["chance"]
        return int(state["done"])


def train_static(places: Places, settings: StaticSettings) -> Path:
    """Train and write `work/<name>.npy`, float32 (tokens, dimensions)."""
    torch.set_num_threads(settings.threads)
    tokenizer = Tokenizer.from_file(str(places.work / "tokenizer.json"))
    material = read_material(places, tokenizer, settings.dimensions, settings.hold_out, settings.seed)
    trainer = Trainer(material, settings, tokenizer.get_vocab_size())
    _run(trainer, tokenizer, places)
    path = places.work / f"{settings.name}.npy"
    np.save(path, trainer.table.rows.weight.detach().numpy())
    return path


def _run(trainer: Trainer, tokenizer: Tokenizer, places: Places) -> None:
    """All steps that are not done yet; every 500 a checkpoint and a look."""
    phases = [Phase(**phase) for phase in trainer.settings.phases]
    schedule = [(phase, _rate(phase, step)) for phase in phases for step in range(phase.steps)]
    checkpoint = places.work / f"{trainer.settings.name}.pt"
    done = trainer.load(checkpoint)
    progress = Progress(trainer.settings.name, len(schedule))
    progress.resume(done)
    for number, (phase, rate) in enumerate(schedule[done:], start=done + 1):
        progress.step(loss=trainer.step(phase, rate))
        if number % 500 == 0 or number == len(schedule):
            trainer.save(checkpoint, number)
            print(number, _look(places, trainer, tokenizer), flush=True)


def _rate(phase: Phase, step: int) -> float:
    return phase.learning_rate * max(0.05, 1 - step / phase.steps)


def _look(places: Places, trainer: Trainer, tokenizer: Tokenizer) -> str:
    """Dense retrieval on the deciding haystack."""
    haystack = read_haystack(places.data, "deciding")
    embed = StaticEmbedder(tokenizer, trainer.table.rows.weight.detach().numpy())
    ranks = gold_ranks(embed(haystack.questions) @ embed(haystack.sentences).T, haystack.gold)
    return f"R@1 R@5 R@20 MRR {summarise(ranks)}"
