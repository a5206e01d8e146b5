"""Windows → start and end logits: the encoder with a linear head."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from assistant.spans import Window
from models.training.encoder_model import EncoderModel, save_encoder
from models.training.packing import Packed, pack

_WINDOWS_AT_ONCE = 64


class ReaderModel(EncoderModel):
    """The encoder in `folder` and a head that gives each token a start and an end logit."""

    def __init__(self, folder: Path, dropped: float = 0.0) -> None:
        super().__init__(folder, dropped)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, 2)
        torch.nn.init.normal_(self.head.weight, std=0.02)
        torch.nn.init.zeros_(self.head.bias)
        if (folder / "head.safetensors").exists():
            self.head.load_state_dict(load_file(folder / "head.safetensors"))

    def forward(self, packed: Packed) -> torch.Tensor:
        """Logits (windows, tokens of the longest, 2); those beyond a window's end are far below all others."""
        logits: torch.Tensor = self.head(self.states(packed))[packed.places.clamp(min=0)]
        return logits.masked_fill((packed.places < 0)[..., None], -1e4)

    @torch.inference_mode()
    def scores(self, windows: list[Window]) -> list[NDArray[np.float32]]:
        """Logits of each window, (its tokens, 2)."""
        self.eval()
        order = sorted(range(len(windows)), key=lambda number: len(windows[number].ids))
        found: list[NDArray[np.float32]] = [np.empty((0, 2), np.float32)] * len(windows)
        for first in range(0, len(order), _WINDOWS_AT_ONCE):
            chosen = order[first : first + _WINDOWS_AT_ONCE]
            logits = self(pack([windows[number].ids for number in chosen]).to(self.device)).cpu().numpy()
            for row, number in enumerate(chosen):
                found[number] = logits[row, : len(windows[number].ids)]
        self.train()
        return found

    def save(self, folder: Path, tokenizer: Tokenizer) -> None:
        """Write encoder and tokenizer as `save_encoder` does, and the head (float32)."""
        save_encoder(self.encoder, tokenizer, folder)
        save_file(self.head.state_dict(), folder / "head.safetensors")
