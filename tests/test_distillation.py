"""What other readers teach one: their shares of starts, ends and spans, on texts that they have not seen."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from span_windows import WINDOW, above_silence
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from models.training.distillation import THIRDS, Teachers, taught_loss, third_of
from models.training.encoder_model import save_encoder
from models.training.packing import batch_of, pack
from models.training.reader_model import ReaderModel
from models.training.reading_examples import Example

SAID, SILENT = Example(WINDOW, 5, 6), Example(WINDOW, 0, 0)


def drawn(seed: int, windows: int) -> torch.Tensor:
    return torch.randn(windows, 9, 2, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.booleans())
def test_the_loss_is_how_far_the_shares_are_from_the_teachers(seed: int, silent: int, answered: bool) -> None:
    examples = [SAID if answered else SILENT] + [SILENT] * silent
    ours, theirs = drawn(seed, len(examples)), drawn(seed + 1, len(examples))
    alone = [
        sum(divergence(o[:, k].tolist(), t[:, k].tolist()) for k in (0, 1)) / 2
        + divergence([*above_silence(o), 0.0], [*above_silence(t), 0.0]) / 2
        for o, t in zip(ours, theirs, strict=True)
    ]
    # A question's windows without its answer count as one.
    others = alone[1:] if answered else alone
    parts = ([alone[0]] if answered else []) + ([sum(others) / len(others)] if others else [])
    expected = sum(parts) / len(parts)
    if answered and silent:
        every = [[score for window in logits for score in above_silence(window)] for logits in (ours, theirs)]
        expected += divergence(*every) / 2
    assert taught_loss(ours, theirs, batch_of([examples])).item() == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_who_agrees_with_the_teachers_has_nothing_to_learn_from_them() -> None:
    batch, logits = batch_of([[SAID, SILENT], [SILENT]]), drawn(0, 3).requires_grad_()
    loss = taught_loss(logits, logits.detach(), batch)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert gradient.abs().max().item() == pytest.approx(0, abs=1e-6)
    assert taught_loss(logits, drawn(1, 3), batch).item() > 0.1


def test_a_text_is_of_the_same_third_wherever_it_stands_and_thirds_are_alike() -> None:
    texts = [[f"Phrase {number}.", "Une autre."] for number in range(600)]
    thirds = [third_of(text) for text in texts]
    assert thirds == [third_of(tuple(text)) for text in texts]
    assert all(150 < thirds.count(third) < 250 for third in range(THIRDS))


def test_each_third_is_taught_by_who_has_not_seen_it_and_by_those_who_teach_all(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(Path(__file__).parents[1] / "models/embedder/tokenizer.json"))
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    for name in range(THIRDS + 1):
        torch.manual_seed(name)
        config = BertConfig(vocab_size=300, max_position_embeddings=64, pad_token_id=0, **shape)
        save_encoder(BertModel(config, add_pooling_layer=False), tokenizer, tmp_path / str(name))
        ReaderModel(tmp_path / str(name)).save(tmp_path / str(name), tokenizer)
    *unseen, always = (tmp_path / str(name) for name in range(THIRDS + 1))
    packed = pack([WINDOW.ids])
    for third, folder in enumerate(unseen):
        expected = (ReaderModel(folder)(packed) + ReaderModel(always)(packed)) / 2
        teachers = Teachers(unseen, [always], torch.device("cpu"))
        assert teachers.logits(packed, third) == pytest.approx(expected.detach(), abs=1e-5)
        assert Teachers(unseen, [], torch.device("cpu")).logits(packed, third) == pytest.approx(
            ReaderModel(folder)(packed).detach(), abs=1e-5
        )
    alone = Teachers([], [always], torch.device("cpu")).logits(packed, 0)
    assert alone == pytest.approx(ReaderModel(always)(packed).detach(), abs=1e-5)
    with pytest.raises(ValueError, match="3 teachers"):
        Teachers(unseen[:2], [always], torch.device("cpu"))


def divergence(ours: list[float], theirs: list[float]) -> float:
    """Kullback and Leibler's, of the shares that the scores give."""
    total = [math.log(sum(map(math.exp, scores))) for scores in (ours, theirs)]
    return sum(
        math.exp(their - total[1]) * ((their - total[1]) - (our - total[0]))
        for our, their in zip(ours, theirs, strict=True)
    )
