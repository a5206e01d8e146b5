"""A small window, its spans, and their scores as the reader's losses see them."""

import torch

from assistant.spans import Window

# [CLS], a question of one token, [SEP], sentences of two and three tokens, [SEP].
WINDOW = Window(list(range(2, 11)), ("ab", "cde"), ((3, 5), (5, 8)), ((0, 1),) * 6)
SPANS = [(i, j) for first, after in WINDOW.tokens for i in range(first, after) for j in range(i, after)]


def above_silence(logits: torch.Tensor) -> list[float]:
    """Scores of SPANS above "it does not say"; `logits` (tokens, 2)."""
    return [float(logits[i, 0] + logits[j, 1] - logits[0].sum()) for i, j in SPANS]
