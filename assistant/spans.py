"""Question + neighbouring sentences → what the reader's encoder sees; its scores → the best span of each sentence.

The training recipe uses the same functions, so that what is trained is what is run. Method: start and end scores as in
BERT (Devlin et al., arXiv 1810.04805), with spans that never leave their sentence. Spans that overlap speak for each
other: the best has the highest expected token F1 (minimum Bayes risk; Kumar and Byrne, NAACL 2004), and a sentence is
as likely as all of its spans together. A span is whole: it cuts no word, and no pair of brackets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.phrases import is_whole, trimmed

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
LENGTH_COST = 0.07
"""Logits that each token of a span costs where its sentence's spans are weighed against each other: long ones agree
with many others, and were chosen too often."""
_LONGEST_QUESTION = 64
"""Tokens of a question that are read: its last ones, since what is asked stands at the end of a follow-up."""


@dataclass(frozen=True, slots=True)
class Window:
    """`ids`: [CLS] question [SEP] `sentences` [SEP]. `tokens`: for each sentence, its first token and the one after its
    last, in `ids`. `offsets`: for each token from the first sentence's on, its characters in its own sentence.
    """

    ids: list[int]
    sentences: tuple[str, ...]
    tokens: tuple[tuple[int, int], ...]
    offsets: tuple[tuple[int, int], ...]

    def characters(self, first: int, last: int) -> tuple[int, int]:
        """The characters of tokens first…last (numbered as in `ids`) in the sentence that holds them."""
        base = self.tokens[0][0]
        return self.offsets[first - base][0], self.offsets[last - base][1]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence's answer: the score of all its spans together, in logits; the characters of the best one in it."""

    score: float
    start: int
    end: int


def make_window(tokenizer: "Tokenizer", question: str, sentences: Sequence[str], longest: int) -> Window:
    """The window of as many of the sentences as fit in `longest` tokens; the last that fits is cut."""
    asked, *encoded = tokenizer.encode_batch([question, *sentences], add_special_tokens=False)
    opening, separator = (_mark(tokenizer, name) for name in ("[CLS]", "[SEP]"))
    ids: list[int] = [opening, *asked.ids[-_LONGEST_QUESTION:], separator]
    tokens: list[tuple[int, int]] = []
    offsets: list[tuple[int, int]] = []
    for text, sentence in zip(sentences, encoded, strict=True):
        room = max(0, longest - 1 - len(ids))
        tokens.append((len(ids), len(ids) + len(sentence.ids[:room])))
        ids += sentence.ids[:room]
        offsets += [_without_space(text, *place) for place in sentence.offsets[:room]]
    return Window([*ids, separator], tuple(sentences), tuple(tokens), tuple(offsets))


def _mark(tokenizer: "Tokenizer", name: str) -> int:
    number = tokenizer.token_to_id(name)
    assert number is not None, name
    return number


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    """A word piece's place without the space before it, which SentencePiece counts as its own."""
    return end - len(text[start:end].lstrip()), end


def best_spans(scores: "NDArray[np.float32]", window: Window) -> list[Candidate | None]:
    """The best span of each sentence by `scores`, start and end logits of shape (tokens, 2); None for one cut away."""
    return [_best_span(scores, window, number) for number in range(len(window.sentences))]


def _best_span(scores: "NDArray[np.float32]", window: Window, number: int) -> Candidate | None:
    import numpy as np

    first, after = window.tokens[number]
    if first == after:
        return None
    starts, ends, values = _likeliest(scores[first:after])
    scaled = values / TEMPERATURE
    weights = np.exp(scaled - scaled.max())
    score = TEMPERATURE * float(scaled.max() + np.log(weights.sum()))
    weights *= np.exp(-LENGTH_COST / TEMPERATURE * (ends - starts))
    best_first = np.argsort(-(_overlaps(starts, ends) @ weights), kind="stable")
    text = window.sentences[number]
    pieces = [trimmed(text, *window.characters(first + int(starts[i]), first + int(ends[i]))) for i in best_first]
    return Candidate(score, *next((piece for piece in pieces if is_whole(text, *piece)), pieces[0]))


def _likeliest(
    scores: "NDArray[np.float32]",
) -> "tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]":
    """First tokens, last tokens and scores of a sentence's SPANS_WEIGHED likeliest spans."""
    import numpy as np

    size = len(scores)
    sums = scores[:, 0, None] + scores[None, :, 1]
    allowed = np.tril(np.triu(np.ones((size, size), dtype=bool)), LONGEST_SPAN - 1)
    count = min(SPANS_WEIGHED, int(allowed.sum()))
    starts, ends = np.divmod(np.argpartition(np.where(allowed, sums, -np.inf), -count, axis=None)[-count:], size)
    return starts, ends, sums[starts, ends]


def _overlaps(starts: "NDArray[np.intp]", ends: "NDArray[np.intp]") -> "NDArray[np.float64]":
    """F1 of the tokens of each span with those of each other, (spans, spans)."""
    import numpy as np

    shared = np.minimum(ends[:, None], ends) - np.maximum(starts[:, None], starts) + 1
    lengths = ends - starts + 1
    f1: NDArray[np.float64] = 2 * np.maximum(shared, 0) / (lengths[:, None] + lengths)
    return f1
