"""Translation pairs and questions → the French–English encoder: the teacher with our vocabulary, taught to read French.

Phase by phase as the settings say: *translation* pulls both sides of a pair to the teacher's vector of the English
side (Reimers and Gurevych, arXiv 2004.09813), *questions* pulls questions to the sentences that answer them. The
learning rate warms up, stays, and falls to nothing at the end of each phase (Hu et al., arXiv 2404.06395), so a
phase can be cut short by lowering its `steps`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from models.training.checkpoints import load_checkpoint, save_checkpoint
from models.training.encoder_model import encode_ids, save_encoder
from models.training.encoder_start import start_encoder
from models.training.losses import contrast, distance
from models.training.progress import Progress
from models.training.question_pairs import Triple, read_triples
from models.training.settings import Places
from models.training.translations import Translations, read_translations


@dataclass(frozen=True)
class EncoderPhase:
    """`steps`, of which the last `decay` share falls; rates of token vectors and of the layers above; weights of the
    tasks."""

    steps: int
    token_rate: float = 1.5e-3
    layer_rate: float = 3e-4
    warm_up: int = 60
    decay: float = 0.4
    translation: float = 1.0
    questions: float = 0.0


@dataclass(frozen=True)
class EncoderSettings:
    """Tokens a translation batch, questions a question batch, shortest and longest sentence in tokens, share of
    English sides."""

    seed: int = 0
    name: str = "encoder"
    hold_out: bool = False
    batch_tokens: int = 2_048
    batch_questions: int = 64
    shortest: int = 8
    longest: int = 96
    english_share: float = 0.25
    french_share: float = 0.5
    save_every: int = 200
    phases: list[dict[str, Any]] = field(default_factory=list)


class EncoderTrainer:
    """The model, its optimiser and the streams of batches."""

    def __init__(self, places: Places, settings: EncoderSettings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.tokenizer = Tokenizer.from_file(str(places.work / "tokenizer.json"))
        self.model = start_encoder(self.tokenizer).train()
        tokens = self.model.embeddings.word_embeddings.weight
        layers = [weight for weight in self.model.parameters() if weight is not tokens]
        self.optimiser = torch.optim.AdamW([{"params": [tokens]}, {"params": layers}], lr=0.0, weight_decay=0.0)
        self.translations = read_translations(places)
        asks = any(phase.get("questions") for phase in settings.phases)
        self.triples = read_triples(places, settings.hold_out, settings.seed) if asks else []

    def start(self, done: int) -> None:
        """Open the streams of batches; a resumed run gets other batches than the first."""
        chance = random.Random(self.settings.seed + done)
        self._pairs = _translation_batches(self.translations, self.tokenizer, self.settings, chance)
        self._asked = _question_batches(self.triples, self.settings, chance)

    def step(self, phase: EncoderPhase, share: float) -> dict[str, float]:
        """One update at `share` of the phase's learning rates."""
        losses = {}
        if phase.translation:
            losses["translation"] = self._translation() * phase.translation
        if phase.questions:
            losses["questions"] = self._questions() * phase.questions
        for group, rate in zip(self.optimiser.param_groups, (phase.token_rate, phase.layer_rate), strict=True):
            group["lr"] = rate * share
        self.optimiser.zero_grad()
        torch.autograd.backward(sum(losses.values(), torch.zeros(())))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        return {name: float(loss) for name, loss in losses.items()}

    def _translation(self) -> torch.Tensor:
        ids, pairs = next(self._pairs)
        student, target = encode_ids(self.model, ids), self.translations.targets(np.array(pairs))
        return 3 * distance(student, target) + 0.5 * contrast(student, target, 20.0)

    def _questions(self) -> torch.Tensor:
        batch = next(self._asked)
        texts = [text for triple in batch for text in (triple.question, triple.sentence, triple.wrong)]
        rows = [found.ids[: self.settings.longest] for found in self.tokenizer.encode_batch(texts)]
        vectors = encode_ids(self.model, rows).view(len(batch), 3, -1)
        return contrast(vectors[:, 0], vectors[:, 1], 20.0, wrong=vectors[:, 2])


def train_encoder(places: Places, settings: EncoderSettings) -> Path:
    """Train and write the encoder as `work/<name>-<phase>` after each phase; gives the last folder."""
    trainer = EncoderTrainer(places, settings)
    checkpoint = places.work / f"{settings.name}.pt"
    done = load_checkpoint(checkpoint, trainer.model, trainer.optimiser)
    trainer.start(done)
    first = 0
    for number, phase in enumerate((EncoderPhase(**phase) for phase in settings.phases), start=1):
        _run_phase(trainer, phase, first, done, checkpoint)
        first += phase.steps
        if done <= first:
            save_encoder(trainer.model, trainer.tokenizer, places.work / f"{settings.name}-{number}")
    return places.work / f"{settings.name}-{len(settings.phases)}"


def _run_phase(trainer: EncoderTrainer, phase: EncoderPhase, first: int, done: int, checkpoint: Path) -> None:
    progress = Progress(checkpoint.stem, phase.steps)
    progress.resume(max(0, done - first))
    for step in range(max(0, done - first), phase.steps):
        progress.step(**trainer.step(phase, _share(phase, step)))
        if (step + 1) % trainer.settings.save_every == 0 or step + 1 == phase.steps:
            save_checkpoint(checkpoint, trainer.model, trainer.optimiser, first + step + 1)


def _share(phase: EncoderPhase, step: int) -> float:
    falling = (phase.steps - step) / max(1, phase.steps * phase.decay)
    return min(1.0, (step + 1) / phase.warm_up, max(0.02, falling))


def _translation_batches(
    translations: Translations, tokenizer: Tokenizer, settings: EncoderSettings, chance: random.Random
) -> Iterator[tuple[list[list[int]], list[int]]]:
    """Endless batches of token ids of like length and the numbers of their pairs: all French sides, some English
    ones."""
    items = []
    for french, texts in (
        (True, [p.french for p in translations.pairs]),
        (False, [p.english for p in translations.pairs]),
    ):
        for number, found in enumerate(tokenizer.encode_batch(texts)):
            if len(found.ids) - 2 >= settings.shortest and (french or chance.random() < settings.english_share):
                items.append((found.ids[: settings.longest], number))
    while True:
        chance.shuffle(items)
        items.sort(key=lambda item: len(item[0]))
        batches = list(_cut(items, settings.batch_tokens))
        chance.shuffle(batches)
        for batch in batches:
            yield [ids for ids, _ in batch], [number for _, number in batch]


def _cut(items: list[tuple[list[int], int]], tokens: int) -> Iterator[list[tuple[list[int], int]]]:
    first = 0
    while first < len(items):
        size = max(1, tokens // len(items[min(first + tokens // 10, len(items) - 1)][0]))
        yield items[first : first + size]
        first += size


def _question_batches(
    triples: list[Triple], settings: EncoderSettings, chance: random.Random
) -> Iterator[list[Triple]]:
    """Endless batches, `french_share` of each French."""
    french = [triple for triple in triples if triple.language == "fr"]
    english = [triple for triple in triples if triple.language != "fr"]
    share = round(settings.batch_questions * settings.french_share)
    while True:
        yield chance.sample(french, share) + chance.sample(english, settings.batch_questions - share)
