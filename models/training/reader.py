"""Questions → the reader: the multilingual encoder fine-tuned to mark the answer's first and last word piece.

Cross-entropy of the start and of the end over a window's tokens, the [CLS] token standing for "it does not say"
(Devlin et al., arXiv 1810.04805). The learning rate warms up and falls linearly to nothing.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy

from models.training.bilingual import read_lexicons
from models.training.checkpoints import load_checkpoint, save_checkpoint
from models.training.data import read_squad
from models.training.progress import Progress
from models.training.reader_model import ReaderModel, padded_length
from models.training.reading_examples import Example, Examples, Mixture
from models.training.reading_questions import read_english_test, read_reading
from models.training.reading_task import read_sentences, read_texts
from models.training.settings import Places


@dataclass(frozen=True)
class ReaderSettings:
    """`start`: the encoder's folder under `work`. `batch_tokens`: padding included. `deciding`: held-out questions that
    measure every `measure_every` steps."""

    seed: int = 0
    name: str = "reader"
    start: str = "reader-start"
    steps: int = 2_400
    batch_tokens: int = 4_096
    encoder_rate: float = 2.5e-4
    head_rate: float = 1e-3
    warm_up: int = 100
    dropout: float = 0.1
    deciding: int = 240
    measure_every: int = 400
    save_every: int = 200
    mixture: dict[str, Any] = field(default_factory=dict)


class ReaderTrainer:
    """The model, its optimiser and its stream of batches."""

    def __init__(self, places: Places, settings: ReaderSettings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.tokenizer = Tokenizer.from_file(str(places.work / settings.start / "tokenizer.json"))
        self.model = ReaderModel(places.work / settings.start, settings.dropout).train()
        trained = [values for values in self.model.encoder.parameters() if values.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [{"params": trained}, {"params": list(self.model.head.parameters())}], lr=0.0, weight_decay=0.01, fused=True
        )
        self._reading, self._lexicons = read_reading(places), read_lexicons(places)
        deciding = read_squad(places.data / "piaf/train.json", held_out=True)
        english = read_english_test(places.data)
        chance = random.Random(0)
        self.deciding = chance.sample(deciding, settings.deciding)
        self.english = chance.sample(english, settings.deciding)

    def start(self, done: int) -> None:
        """Open the stream of batches; a resumed run gets other batches than the first."""
        mixture = {**self.settings.mixture}
        if "sizes" in mixture:
            mixture["sizes"] = tuple(mixture["sizes"])
        seed = self.settings.seed + done
        examples = Examples(self._reading, self.tokenizer, Mixture(**mixture), self._lexicons, seed)
        self._batches = _batches(examples, self.settings.batch_tokens, random.Random(seed))

    def step(self, done: int) -> dict[str, float]:
        """One update."""
        rates = (self.settings.encoder_rate, self.settings.head_rate)
        for group, rate in zip(self.optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * self._share(done)
        batch = next(self._batches)
        logits = self.model([example.window for example in batch])
        first = torch.tensor([example.first for example in batch])
        last = torch.tensor([example.last for example in batch])
        loss = (cross_entropy(logits[..., 0], first) + cross_entropy(logits[..., 1], last)) / 2
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        return {"loss": loss.item(), "questions": float(len(batch))}

    def measure(self) -> dict[str, float]:
        """Exact match and F1 on held-out questions: French texts, French sentences, English texts."""
        figures = {
            "text": read_texts(self.model, self.tokenizer, self.deciding),
            "sentence": read_sentences(self.model, self.tokenizer, self.deciding),
            "english": read_texts(self.model, self.tokenizer, self.english),
        }
        return {
            f"{name} {kind}": 100 * sum(values) / len(values)
            for name, of in figures.items()
            for kind, values in (("exact", of.exact), ("f1", of.f1))
        }

    def _share(self, done: int) -> float:
        return min((done + 1) / self.settings.warm_up, 1 - done / self.settings.steps)


def train_reader(places: Places, settings: ReaderSettings) -> Path:
    """Train and write the reader as `work/<name>`."""
    trainer = ReaderTrainer(places, settings)
    checkpoint, folder = places.work / f"{settings.name}.pt", places.work / settings.name
    done = load_checkpoint(checkpoint, trainer.model, trainer.optimiser)
    trainer.start(done)
    progress = Progress(settings.name, settings.steps)
    progress.resume(done)
    for step in range(done, settings.steps):
        progress.step(**trainer.step(step))
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            save_checkpoint(checkpoint, trainer.model, trainer.optimiser, step + 1)
            trainer.model.save(folder, trainer.tokenizer)
        if (step + 1) % settings.measure_every == 0 or step + 1 == settings.steps:
            print("  ".join(f"{name} {value:.1f}" for name, value in trainer.measure().items()), flush=True)
    return folder


def _batches(examples: Examples, tokens: int, chance: random.Random, pool: int = 2_000) -> Iterator[list[Example]]:
    """Batches of examples of like length, at most `tokens` of them with padding."""
    stream = iter(examples)
    while True:
        drawn = sorted((next(stream) for _ in range(pool)), key=lambda example: len(example.window.ids))
        batches: list[list[Example]] = [[]]
        for example in drawn:
            if (len(batches[-1]) + 1) * padded_length(len(example.window.ids)) > tokens:
                batches.append([])
            batches[-1].append(example)
        chance.shuffle(batches)
        yield from batches
