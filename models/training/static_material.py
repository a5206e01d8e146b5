"""Translations, questions and French sentences, tokenised: what the static embedder's batches are drawn from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.training.question_pairs import read_french_sentences, read_triples
from models.training.settings import Places
from models.training.static_model import Bags
from models.training.translations import Translations, read_translations


@dataclass(frozen=True)
class QuestionBags:
    """Row i of the three: a question, its sentence, a wrong one. Equal `sentence_ids` are the same sentence; `french`
    and `english` are the rows in each language."""

    asked: Bags
    right: Bags
    wrong: Bags
    sentence_ids: NDArray[np.int64]
    french: NDArray[np.int64]
    english: NDArray[np.int64]

    def draw(self, batch: int, french_share: float, chance: np.random.Generator) -> NDArray[np.int64]:
        """Different rows, `french_share` of them French."""
        french = round(batch * french_share)
        shares = ((self.french, french), (self.english, batch - french))
        return np.concatenate([chance.choice(rows, share, replace=False) for rows, share in shares])


@dataclass(frozen=True)
class Material:
    """The three tasks' texts: both sides of the translations in their order, questions, French sentences."""

    translations: Translations
    english: Bags
    french: Bags
    questions: QuestionBags
    sentences: Bags


def read_material(places: Places, tokenizer: Tokenizer, dimensions: int, hold_out: bool, seed: int) -> Material:
    """Read and tokenise everything; about a minute."""

    def bags(texts: list[str]) -> Bags:
        return Bags.of(tokenizer, texts)

    translations = read_translations(places, dimensions)
    english, french = ([getattr(pair, side) for pair in translations.pairs] for side in ("english", "french"))
    questions = _read_questions(places, bags, hold_out, seed)
    sentences = bags(read_french_sentences(places.data, hold_out))
    return Material(translations, bags(english), bags(french), questions, sentences)


def _read_questions(places: Places, bags: Callable[[list[str]], Bags], hold_out: bool, seed: int) -> QuestionBags:
    triples = read_triples(places, hold_out, seed)
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(triple.sentence, len(numbers)) for triple in triples])
    french = np.array([triple.language == "fr" for triple in triples])
    return QuestionBags(
        bags([triple.question for triple in triples]),
        bags([triple.sentence for triple in triples]),
        bags([triple.wrong for triple in triples]),
        ids,
        np.flatnonzero(french),
        np.flatnonzero(~french),
    )
