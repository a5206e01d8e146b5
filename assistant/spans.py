"""Question + neighbouring sentences → what the reader's encoder sees; its scores → the best span of each sentence.

The training recipe uses the same functions, so that what is trained is what is run. Method: start and end scores as in
BERT (Devlin et al., arXiv 1810.04805), with spans that never leave their sentence.
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
    """The best span of a sentence: its score (a sum of two logits) and its first and last token in the window."""

    score: float
    first: int
    last: int


def make_window(tokenizer: "Tokenizer", question: str, sentences: Sequence[str], longest: int) -> Window:
    """The window of as many of the sentences as fit in `longest` tokens; the last that fits is cut."""
    asked, *encoded = tokenizer.encode_batch([question, *sentences], add_special_tokens=False)
    opening, separator = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    ids: list[int] = [opening, *asked.ids[:_LONGEST_QUESTION], separator]
    tokens: list[tuple[int, int]] = []
    offsets: list[tuple[int, int]] = []
    for text, sentence in zip(sentences, encoded, strict=True):
        room = max(0, longest - 1 - len(ids))
        tokens.append((len(ids), len(ids) + len(sentence.ids[:room])))
        ids += sentence.ids[:room]
        offsets += [_trimmed(text, *place) for place in sentence.offsets[:room]]
    return Window([*ids, separator], tuple(tokens), tuple(offsets))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A word piece's place without the space before it, which SentencePiece counts as its own."""
    return start + len(text[start:end]) - len(text[start:end].lstrip()), end


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
    best = int(np.where(allowed, sums, -np.inf).argmax())
    start, end = divmod(best, size)
    return Candidate(float(sums[start, end]), first + start, first + end)
