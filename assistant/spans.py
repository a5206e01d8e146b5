"""Question + neighbouring sentences → what the reader's encoder sees; its scores → the best span of each sentence.

The training recipe uses the same functions, so that what is trained is what is run. Method: start and end scores as in
BERT (Devlin et al., arXiv 1810.04805), with spans that never leave their sentence. Spans that overlap speak for each
other: the best has the highest expected token F1 (minimum Bayes risk; Kumar and Byrne, NAACL 2004), and a sentence is
as likely as all of its spans together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

LONGEST_SPAN = 40
"""Tokens of the longest span looked for."""
SPANS_WEIGHED = 40
"""The likeliest spans of a sentence, which are weighed against each other."""
TEMPERATURE = 1.25
"""The scores are too sure of themselves: divided by this, they gave the best F1 on held-out questions."""
_LONGEST_QUESTION = 64


@dataclass(frozen=True, slots=True)
class Window:
    """`ids`: [CLS] question [SEP] sentences [SEP]. `tokens`: for each sentence, its first token and the one after its
    last, in `ids`. `offsets`: for each token from the first sentence's on, its characters in its own sentence.
    """

    ids: list[int]
    tokens: tuple[tuple[int, int], ...]
    offsets: tuple[tuple[int, int], ...]

    def characters(self, first: int, last: int) -> tuple[int, int]:
        """The characters of tokens first…last (numbered as in `ids`) in the sentence that holds them."""
        base = self.tokens[0][0]
        return self.offsets[first - base][0], self.offsets[last - base][1]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence's answer: the score of all its spans together, in logits; the first and last token of the best one."""

    score: float
    first: int
    last: int


def make_window(tokenizer: "Tokenizer", question: str, sentences: Sequence[str], longest: int) -> Window:
    """The window of as many of the sentences as fit in `longest` tokens; the last that fits is cut."""
    asked, *encoded = tokenizer.encode_batch([question, *sentences], add_special_tokens=False)
    opening, separator = (_mark(tokenizer, name) for name in ("[CLS]", "[SEP]"))
    ids: list[int] = [opening, *asked.ids[:_LONGEST_QUESTION], separator]
    tokens: list[tuple[int, int]] = []
    offsets: list[tuple[int, int]] = []
    for text, sentence in zip(sentences, encoded, strict=True):
        room = max(0, longest - 1 - len(ids))
        tokens.append((len(ids), len(ids) + len(sentence.ids[:room])))
        ids += sentence.ids[:room]
        offsets += [_trimmed(text, *place) for place in sentence.offsets[:room]]
    return Window([*ids, separator], tuple(tokens), tuple(offsets))


def _mark(tokenizer: "Tokenizer", name: str) -> int:
    number = tokenizer.token_to_id(name)
    assert number is not None, name
    return number


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A word piece's place without the space before it, which SentencePiece counts as its own."""
    return end - len(text[start:end].lstrip()), end


def best_spans(scores: "NDArray[np.float32]", window: Window) -> list[Candidate | None]:
    """The best span of each sentence by `scores`, start and end logits of shape (tokens, 2); None for one cut away."""
    return [_best_span(scores, first, after) for first, after in window.tokens]


def _best_span(scores: "NDArray[np.float32]", first: int, after: int) -> Candidate | None:
    import numpy as np

    size = after - first
    if size <= 0:
        return None
    sums = scores[first:after, 0, None] + scores[None, first:after, 1]
    allowed = np.tril(np.triu(np.ones((size, size), dtype=bool)), LONGEST_SPAN - 1)
    count = min(SPANS_WEIGHED, int(allowed.sum()))
    likeliest = np.argpartition(np.where(allowed, sums, -np.inf), -count, axis=None)[-count:]
    starts, ends = np.divmod(likeliest, size)
    scaled = sums[starts, ends] / TEMPERATURE
    weights = np.exp(scaled - scaled.max())
    best = int((_overlaps(starts, ends) @ weights).argmax())
    score = TEMPERATURE * float(scaled.max() + np.log(weights.sum()))
    return Candidate(score, first + int(starts[best]), first + int(ends[best]))


def _overlaps(starts: "NDArray[np.intp]", ends: "NDArray[np.intp]") -> "NDArray[np.float64]":
    """F1 of the tokens of each span with those of each other, (spans, spans)."""
    import numpy as np

    shared = np.minimum(ends[:, None], ends) - np.maximum(starts[:, None], starts) + 1
    lengths = ends - starts + 1
    f1: NDArray[np.float64] = 2 * np.maximum(shared, 0) / (lengths[:, None] + lengths)
    return f1
