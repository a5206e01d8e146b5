"""The shipped reader, as llama.cpp runs it → its figures on questions that trained nothing, and parity with PyTorch.

Given the text and given the sentence that answers, with 95 % intervals by bootstrap over questions.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import gguf
import numpy as np
import torch

from assistant.conversion import in_32_bits
from assistant.reader import SpanReader
from assistant.spans import make_window
from models.training.data import Question, read_squad, sentence_spans
from models.training.reader_model import ReaderModel
from models.training.reading_questions import read_english_test
from models.training.reading_task import LONGEST, Scores, best_place, read_sentences, read_texts
from models.training.settings import Places


@dataclass(frozen=True)
class ReaderMeasureSettings:
    """`folder`: the PyTorch reader under `work`. `sample`: at most so many questions of a set."""

    folder: str = "reader"
    sample: int = 1_200
    parity: int = 500


def measure_reader(places: Places, settings: ReaderMeasureSettings) -> str:
    """A Markdown table and the share of equal best spans."""
    reader = SpanReader(in_32_bits(places.models / "reader/reader-q8_0.gguf"))
    sets = {
        "PIAF dev": read_squad(places.data / "piaf/dev.json"),
        "FQuAD sample": read_squad(places.data / "eval_only/fquad-sample.json"),
        "English, held out": read_english_test(places.data),
    }
    lines = ["| questions | asked | given the text: EM, F1 | given the sentence: EM, F1 |", "|---|---|---|---|"]
    for name, questions in sets.items():
        asked = random.Random(0).sample(questions, min(settings.sample, len(questions)))
        text, sentence = (read(reader, reader.tokenizer, asked) for read in (read_texts, read_sentences))
        lines.append(f"| {name} | {len(asked)} | {_shown(text)} | {_shown(sentence)} |")
    model = ReaderModel(places.work / settings.folder)
    asked = sets["PIAF dev"][: settings.parity]
    before = _equal_spans(reader, model, asked)
    _round_weights(model)
    equal = _equal_spans(reader, model, asked)
    shares = f"{equal:.1%} of {len(asked)} questions; before weights are rounded {before:.1%}"
    return "\n".join([*lines, f"Same best span as PyTorch: {shares}"])


@torch.no_grad()
def _round_weights(model: ReaderModel) -> None:
    """Give the layers the weights that they have in the file: what is left is how llama.cpp and PyTorch compute."""
    kind = gguf.GGMLQuantizationType.Q8_0
    for part in model.encoder.modules():
        if isinstance(part, torch.nn.Linear):
            rounded = gguf.quants.dequantize(gguf.quants.quantize(part.weight.numpy(), kind), kind)
            part.weight.copy_(torch.from_numpy(rounded))


def _shown(scores: Scores) -> str:
    return ", ".join(f"{100 * np.mean(values):.1f} ({_interval(values)})" for values in (scores.exact, scores.f1))


def _interval(values: Sequence[float]) -> str:
    drawn = np.random.default_rng(0).choice(np.array(values), (2_000, len(values))).mean(axis=1)
    low, high = 100 * np.quantile(drawn, (0.025, 0.975))
    return f"{low:.1f}–{high:.1f}"


def _equal_spans(reader: SpanReader, model: ReaderModel, questions: Sequence[Question]) -> float:
    texts = [[q.context[a:b] for a, b in sentence_spans(q.context)] for q in questions]
    windows = [
        make_window(reader.tokenizer, q.question, text, LONGEST) for q, text in zip(questions, texts, strict=True)
    ]
    equal = 0
    for window, ours, theirs in zip(windows, reader.scores(windows), model.scores(windows), strict=True):
        equal += best_place(ours, window) == best_place(theirs, window)
    return equal / len(questions)
