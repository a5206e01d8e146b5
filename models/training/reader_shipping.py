"""A trained reader → `models/reader/reader-q8_0.gguf`: 8 bits, with head, tokenizer and calibration in its metadata."""

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from assistant.conversion import Checkpoint, in_32_bits, write_gguf
from assistant.embeddings import CheckpointEmbedder
from assistant.reader import CALIBRATION_KEY, HEAD_KEY, LONGEST_WINDOW, WEIGHED, Calibration
from models.training import haystack as stacks
from models.training.calibration import RememberingReader, ask_once, ask_twice, fit
from models.training.settings import Places

_UNFITTED = Calibration(0.5, (0.0,) * len(WEIGHED), 0.0)


@dataclass(frozen=True)
class ReaderShippingSettings:
    """`folder`: the reader's under `work`. `name`: what replies call it."""

    folder: str = "reader"
    name: str = "reader-11"


def ship_reader(places: Places, settings: ReaderShippingSettings) -> Path:
    """Write the model, fit its calibration on held-out questions with the model as it runs, write it once more.

    The card (README.md) is kept as it is.
    """
    target = places.models / "reader/reader-q8_0.gguf"
    _write(places, settings, target, _UNFITTED)
    reader, embedder = RememberingReader(in_32_bits(target)), stacks.RememberingEmbedder(CheckpointEmbedder.named())
    held_out = stacks.piaf_held_out()
    written, named = (stacks.written(held_out.documents, newsroom=newsroom) for newsroom in (True, False))
    # One big library and many small ones: what the confidence rests on must not depend on the library's size.
    read = [
        *ask_twice(reader, [held_out, *stacks.articles(held_out)], embedder),
        *ask_once(reader, [named, *stacks.articles(written, paragraphs_at_least=1)], embedder),
    ]
    calibration = fit(read)
    print(f"fitted on {len(read)} askings: {calibration}")
    _write(places, settings, target, calibration)
    return target


def _write(places: Places, settings: ReaderShippingSettings, target: Path, calibration: Calibration) -> None:
    folder = places.work / settings.folder
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
    checkpoint = Checkpoint(folder, settings.name, config, tokenizer, "NONE", LONGEST_WINDOW, "Q8_0", "Q4_0")
    head = load_file(folder / "head.safetensors")
    values = np.concatenate([head["weight"].ravel(), head["bias"]]).astype(np.float32)
    named = {"weights": dict(zip(WEIGHED, calibration.weights, strict=True))}
    stored = {
        HEAD_KEY: base64.b64encode(values.tobytes()).decode(),
        CALIBRATION_KEY: json.dumps(asdict(calibration) | named),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    write_gguf(checkpoint, target, stored)
    target.chmod(0o644)
