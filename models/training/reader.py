"""Questions → the reader: the multilingual encoder fine-tuned to mark the answer's first and last word piece.

The loss is that of `span_loss.py`, the [CLS] token standing for "it does not say" (Devlin et al., arXiv 1810.04805);
where other readers teach, half of it is that of `distillation.py`. The learning rate warms up and falls linearly. What
is measured and kept may be the mean of the weights over the steps (stochastic weight averaging; Izmailov et al., arXiv
1803.05407). With a GPU it trains there.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from models.training.bilingual import read_lexicons
from models.training.checkpoints import run_steps
from models.training.data import read_squad
from models.training.distillation import THIRDS, Teachers, taught_loss, third_of
from models.training.packing import Batch, batches
from models.training.reader_model import ReaderModel
from models.training.reading_examples import Examples, Mixture
from models.training.reading_questions import Reading, read_english_test, read_reading
from models.training.reading_task import read_sentences, read_texts
from models.training.schedule import rate_share
from models.training.settings import Places
from models.training.span_loss import span_loss

AVERAGED_EVERY = 10


@dataclass(frozen=True)
class ReaderSettings:
    """`start`: the encoder's folder under `work`. `batch_tokens`: at most. `workers`: processes that draw examples; if
    there are none, the one that trains does. `deciding`: held-out questions that measure every `measure_every` steps.
    `last_share`: of the rates, reached at the end. `averaged_from`: the step from which weights are averaged, every
    AVERAGED_EVERY steps. `left_out`: the third of the texts whose questions do not train, −1 for none. `unseen`,
    `always`: folders of the readers that teach, as `Teachers` takes them; if there are none, nobody does. `taught`: the
    share of the loss that is theirs."""

    seed: int = 0
    name: str = "reader"
    start: str = "reader-start"
    steps: int = 2_400
    batch_tokens: int = 4_096
    workers: int = 0
    encoder_rate: float = 2.5e-4
    head_rate: float = 1e-3
    warm_up: int = 100
    last_share: float = 0.0
    averaged_from: int = 0
    dropout: float = 0.1
    deciding: int = 240
    measure_every: int = 400
    save_every: int = 200
    left_out: int = -1
    unseen: list[str] = field(default_factory=list)
    always: list[str] = field(default_factory=list)
    taught: float = 0.5
    mixture: dict[str, Any] = field(default_factory=dict)


class ReaderTrainer:
    """The model, its optimiser and its stream of batches."""

    def __init__(self, places: Places, settings: ReaderSettings) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self._places = settings, places
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer = Tokenizer.from_file(str(places.work / settings.start / "tokenizer.json"))
        self.model = ReaderModel(places.work / settings.start, settings.dropout).to(self.device).train()
        self.averaged = AveragedModel(self.model)
        self.learning = torch.nn.ModuleList([self.model, self.averaged])
        trained = [values for values in self.model.encoder.parameters() if values.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [{"params": trained}, {"params": list(self.model.head.parameters())}], lr=0.0, weight_decay=0.01, fused=True
        )
        unseen, always = ([places.work / name for name in names] for names in (settings.unseen, settings.always))
        self._teachers = Teachers(unseen, always, self.device) if unseen or always else None
        deciding = read_squad(places.data / "piaf/train.json", held_out=True)
        english = read_english_test(places.data)
        chance = random.Random(0)
        self.deciding = chance.sample(deciding, settings.deciding)
        self.english = chance.sample(english, settings.deciding)

    def start(self, done: int) -> None:
        """Open the stream of batches; a resumed run gets other batches than the first."""
        drawn = _Drawn(self._places, self.settings, self.tokenizer, self.settings.seed + 1_000 * done)
        self._batches: Iterator[tuple[int, Batch]] = iter(
            DataLoader(drawn, batch_size=None, num_workers=self.settings.workers)
        )

    def step(self, done: int) -> dict[str, Any]:
        """One update."""
        share = rate_share(done, self.settings.steps, self.settings.warm_up, self.settings.last_share)
        rates = (self.settings.encoder_rate, self.settings.head_rate)
        for group, rate in zip(self.optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * share
        stream, batch = next(self._batches)
        batch = batch.to(self.device)
        logits = self.model(batch.packed)
        loss = span_loss(logits, batch)
        if self._teachers:
            theirs = taught_loss(logits, self._teachers.logits(batch.packed, stream), batch)
            loss = (1 - self.settings.taught) * loss + self.settings.taught * theirs
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        if done >= self.settings.averaged_from and done % AVERAGED_EVERY == 0:
            self.averaged.update_parameters(self.model)
        return {"loss": loss.detach(), "questions": float(batch.questions)}

    @property
    def kept(self) -> ReaderModel:
        """The mean of the weights, or while there is none yet, the weights."""
        return self.averaged.module if self.averaged.n_averaged else self.model

    def save(self, folder: Path) -> None:
        """Write what is kept as ReaderModel does."""
        self.kept.save(folder, self.tokenizer)

    def measure(self) -> dict[str, float]:
        """Exact match and F1 on held-out questions: French texts, French sentences, English texts."""
        model = self.kept
        figures = {
            "text": read_texts(model, self.tokenizer, self.deciding),
            "sentence": read_sentences(model, self.tokenizer, self.deciding),
            "english": read_texts(model, self.tokenizer, self.english),
        }
        return {
            f"{name} {kind}": 100 * sum(values) / len(values)
            for name, of in figures.items()
            for kind, values in (("exact", of.exact), ("f1", of.f1))
        }


class _Drawn(IterableDataset[tuple[int, Batch]]):
    """Endless batches of each stream in turn, its number beside them: other ones in each of a loader's processes.
    Where others teach a third of the texts each, there is a stream of each third."""

    def __init__(self, places: Places, settings: ReaderSettings, tokenizer: Tokenizer, seed: int) -> None:
        super().__init__()
        self._lexicons, self._tokenizer = read_lexicons(places), tokenizer
        self._seed, self._tokens = seed, settings.batch_tokens
        reading, mixture = read_reading(places), Mixture(**settings.mixture)
        thirds = [third_of(sentences) for sentences in reading.texts]
        kept = [one for one in reading.asked if thirds[one.text] != settings.left_out]
        apart = [[one for one in kept if thirds[one.text] == third] for third in range(THIRDS)]
        self._streams = [(Reading(reading.texts, asked), mixture) for asked in (apart if settings.unseen else [kept])]

    def __iter__(self) -> Iterator[tuple[int, Batch]]:
        worker = get_worker_info()
        seed = self._seed + (worker.id if worker else 0)
        streams = [
            batches(Examples(reading, self._tokenizer, mixture, self._lexicons, seed), self._tokens)
            for reading, mixture in self._streams
        ]
        while True:
            yield from enumerate(map(next, streams))


def train_reader(places: Places, settings: ReaderSettings) -> Path:
    """Train and write the reader as `work/<name>`."""
    trainer = ReaderTrainer(places, settings)
    for done in run_steps(trainer, places.work, settings):
        if done % settings.measure_every == 0 or done == settings.steps:
            print("  ".join(f"{name} {value:.1f}" for name, value in trainer.measure().items()), flush=True)
    return places.work / settings.name


def train_teachers(places: Places, settings: ReaderSettings) -> Path:
    """Train as many readers as there are thirds, each without one, as `work/<name>-0` and so on."""
    for third in range(THIRDS):
        name, seed = f"{settings.name}-{third}", settings.seed + third
        made = train_reader(places, replace(settings, name=name, seed=seed, left_out=third))
    return made
