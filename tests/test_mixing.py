"""The mean of two readers' weights, and what else a reader's folder holds."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from models.training.mixing import MixingSettings, mix_readers
from models.training.settings import Places


def test_weights_are_mixed_by_their_shares_and_keep_their_kind(tmp_path: Path) -> None:
    for name, value in (("new", 1.0), ("old", 3.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer.json").write_text(name)
        save_file({"layer": torch.full((2, 2), value, dtype=torch.float16)}, tmp_path / name / "model.safetensors")
        save_file({"weight": torch.full((2,), -value)}, tmp_path / name / "head.safetensors")
    places = Places(tmp_path, tmp_path, tmp_path)
    mixed = mix_readers(places, MixingSettings("mixed", {"new": 0.75, "old": 0.25}))
    assert mixed == tmp_path / "mixed"
    assert (mixed / "tokenizer.json").read_text() == "new"
    assert torch.equal(load_file(mixed / "model.safetensors")["layer"], torch.full((2, 2), 1.5, dtype=torch.float16))
    assert torch.equal(load_file(mixed / "head.safetensors")["weight"], torch.full((2,), -1.5))
