"""Questions and the sentences that answer them → the embedder: multilingual-e5-small, fine-tuned.

A question's vector is drawn to that of its sentence and away from all others of the batch (InfoNCE; van den Oord et
al., arXiv 1807.03748). Word vectors and the lower layers stay as they are. The learning rate warms up and falls
linearly. What is written is a mean of the weights before and after, which keeps what the model knew beyond these
questions (WiSE-FT; Wortsman et al., arXiv 2109.01903). With a GPU it trains there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy, normalize

from models.training.checkpoints import run_steps
from models.training.embedder_examples import EmbedderBatch, EmbedderExamples, EmbedderMixture
from models.training.encoder_model import EncoderModel, save_encoder
from models.training.packing import pack
from models.training.reading_questions import read_alone
from models.training.schedule import rate_share
from models.training.settings import Places
from models.training.shipping import PROMPTS, marked

_SEQUENCES_AT_ONCE = 32
"""On a processor, what its caches hold, some thousand tokens, is read faster than more at once."""


@dataclass(frozen=True)
class EmbedderSettings:
    """`start`: the encoder's folder under `work`. `batch`: questions at least. `frozen`: lower layers that stay as they
    are. `last_share`: of the rate, reached at the end. `longest`: tokens after which a text is cut. `trained_share`: of
    the weights after training in the mean that is written, 0…1."""

    seed: int = 0
    name: str = "embedder"
    start: str = "embedder-start"
    steps: int = 450
    batch: int = 80
    rate: float = 4e-5
    warm_up: int = 30
    last_share: float = 0.02
    temperature: float = 0.02
    frozen: int = 6
    longest: int = 128
    trained_share: float = 0.6
    save_every: int = 50
    mixture: dict[str, Any] = field(default_factory=dict)


class EmbedderModel(EncoderModel):
    """The encoder in `folder`, whose embeddings and lower layers, `frozen` of them, stay as they are."""

    def __init__(self, folder: Path, frozen: int = 0) -> None:
        super().__init__(folder)
        for part in (self.encoder.embeddings, *self.encoder.encoder.layer[:frozen]):
            part.requires_grad_(False)

    def forward(self, sequences: Sequence[Sequence[int]]) -> torch.Tensor:
        """Unit vectors of the sequences, the means of their states; (sequences, width)."""
        order = sorted(range(len(sequences)), key=lambda number: len(sequences[number]))
        vectors: list[torch.Tensor] = []
        for first in range(0, len(order), _SEQUENCES_AT_ONCE):
            numbers = order[first : first + _SEQUENCES_AT_ONCE]
            packed = pack([sequences[number] for number in numbers]).to(self.device)
            rows = torch.repeat_interleave(packed.starts.diff().long())
            states = self.states(packed)
            vectors.append(normalize(states.new_zeros(len(numbers), states.shape[1]).index_add(0, rows, states)))
        places = torch.tensor(order, device=self.device).argsort()
        return torch.cat(vectors)[places]


class EmbedderTrainer:
    """The model, its optimiser and its stream of batches."""

    def __init__(self, places: Places, settings: EmbedderSettings) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self._places = settings, places
        self._tokenizer = marked(Tokenizer.from_file(str(places.work / settings.start / "tokenizer.json")))
        self._tokenizer.enable_truncation(settings.longest)
        model = EmbedderModel(places.work / settings.start, settings.frozen)
        self.learning = model.to("cuda" if torch.cuda.is_available() else "cpu").train()
        self._trained = [values for values in self.learning.parameters() if values.requires_grad]
        self.optimiser = torch.optim.AdamW(self._trained, lr=0.0, weight_decay=0.01, fused=True)

    def start(self, done: int) -> None:
        """Open the stream of batches; a resumed run gets other batches than the first."""
        mixture, seed = EmbedderMixture(**self.settings.mixture), self.settings.seed + 1 + 1_000 * done
        self._batches = EmbedderExamples(read_alone(self._places), mixture, seed).batches(self.settings.batch)

    def step(self, done: int) -> dict[str, Any]:
        """One update."""
        share = rate_share(done, self.settings.steps, self.settings.warm_up, self.settings.last_share)
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate * share
        batch = next(self._batches)
        loss = self._loss(batch)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self.optimiser.step()
        return {"loss": loss.detach()}

    def save(self, folder: Path) -> None:
        """Write the mean of the weights before and after as `save_encoder` does."""
        before = self._places.work / self.settings.start
        mean = EmbedderModel(before).encoder
        after = self.learning.encoder.state_dict()
        for name, values in mean.state_dict().items():
            values.lerp_(after[name].cpu(), self.settings.trained_share)
        save_encoder(mean, Tokenizer.from_file(str(before / "tokenizer.json")), folder)

    def _loss(self, batch: EmbedderBatch) -> torch.Tensor:
        vectors = self.learning(
            self._ids(PROMPTS["query"], batch.questions) + self._ids(PROMPTS["document"], batch.sentences)
        )
        asked, told = vectors.split([len(batch.questions), len(batch.sentences)])
        gold = torch.tensor(batch.gold, device=vectors.device)
        return cross_entropy(asked @ told.T / self.settings.temperature, gold)

    def _ids(self, prompt: str, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch([prompt + text for text in texts])]


def train_embedder(places: Places, settings: EmbedderSettings) -> Path:
    """Train and write the embedder as `work/<name>`."""
    trainer = EmbedderTrainer(places, settings)
    for _done in run_steps(trainer, places.work, settings):
        pass
    return places.work / settings.name
