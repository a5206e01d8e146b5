"""What the embedder is trained on, and that it is trained as it runs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from assistant.embeddings import CheckpointEmbedder
from models.training.embedder import EmbedderModel
from models.training.embedder_examples import EmbedderBatch, EmbedderExamples, EmbedderMixture
from models.training.reading_questions import Asked, Reading
from models.training.shipping import PROMPTS

SHIPPED = Path(__file__).parents[1] / "models/embedder"
TEXTS = [
    [f"La phrase {number} du texte {text} dit {word}." for number, word in enumerate(("oui", "non", "assez", "plus"))]
    for text in range(4)
]
QUESTIONS = [
    Asked(f"Que dit la phrase {gold} du texte {text} ?", text, gold, 0, 9, source, "fr", favourites=((3, 2),))
    for text, source in enumerate(("written", "piaf", "written"))
    for gold in (0, 2, 3)
]
MISSED = Asked("Que ne dit personne ?", 0, -1, 0, 0, "written", "fr")
UNREAD = Asked("Qui lira cela ?", 3, 0, 0, 9, "qasrl", "en")


def drawn(count: int, **mixture: float) -> list[EmbedderBatch]:
    settings = EmbedderMixture({"fr written": 1, "fr piaf": 1}, **mixture)  # type: ignore[arg-type]
    batches = EmbedderExamples(Reading(TEXTS, [*QUESTIONS, MISSED, UNREAD]), settings, seed=0).batches(6)
    return [next(batches) for _ in range(count)]


def test_each_question_stands_with_the_sentence_that_answers_it_and_no_sentence_twice() -> None:
    right = {one.question: TEXTS[one.text][one.gold] for one in QUESTIONS}
    for batch in drawn(50):
        assert len(set(batch.sentences)) == len(batch.sentences)
        assert [batch.sentences[gold] for gold in batch.gold] == [right[question] for question in batch.questions]


def test_a_pass_over_a_source_asks_each_of_its_questions_once() -> None:
    batches = EmbedderExamples(Reading(TEXTS, QUESTIONS), EmbedderMixture({"fr written": 1}), seed=0).batches(6)
    assert sorted(next(batches).questions) == sorted(one.question for one in QUESTIONS if one.source == "written")


def test_beside_them_stand_others_of_their_text_and_retrievals_favourites_elsewhere() -> None:
    favourite = TEXTS[3][2]
    assert all(favourite in batch.sentences for batch in drawn(20, favoured=1.0))
    assert not any(favourite in batch.sentences for batch in drawn(20, favoured=0.0))
    assert all(set(TEXTS[1]) <= set(batch.sentences) for batch in drawn(20) if "texte 1" in " ".join(batch.questions))
    few = drawn(20, sentences=3, favoured=0.0)
    assert not any(set(TEXTS[0]) <= set(batch.sentences) for batch in few)


@pytest.mark.parametrize("kind", ["query", "document"])
def test_texts_have_the_vectors_that_the_product_gives_them(kind: str) -> None:
    texts = [question.question for question in QUESTIONS] + ["Non.", "Il pleut, dit-on, depuis " + "hier, " * 40]
    tokenizer = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
    with torch.inference_mode():
        vectors = EmbedderModel(SHIPPED)([tokenizer.encode(PROMPTS[kind] + text).ids for text in texts]).numpy()
    product = CheckpointEmbedder.named()
    encode = product.encode_questions if kind == "query" else product.encode_documents
    assert np.sum(vectors * encode(texts), axis=1) == pytest.approx(1, abs=1e-3)


def test_what_is_frozen_does_not_learn() -> None:
    learning = {name for name, values in EmbedderModel(SHIPPED, frozen=11).named_parameters() if values.requires_grad}
    assert learning
    assert all(name.startswith("encoder.encoder.layer.11.") for name in learning)
