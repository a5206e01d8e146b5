"""What the reader is trained on: questions with sentences as the product would read them, the answer marked."""

import json
import random
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from assistant.reader import HITS_READ
from assistant.spans import Window
from models.training.encoder_model import save_encoder
from models.training.packing import batch_of, batches, pack
from models.training.reader_model import ReaderModel
from models.training.reading_examples import Example, Examples, Mixture
from models.training.reading_questions import Asked, Reading

TEXTS = [
    [
        "Le pont de Kerlann a été inauguré en 1931.",
        "Il mesure 214 mètres et porte deux voies.",
        "Jeanne Le Goff l'a dessiné.",
        "Elle avait gagné le concours en 1927.",
        "Trente ouvriers y ont travaillé.",
        "Une plaque rappelle leurs noms.",
        "Le péage a disparu en 1958.",
    ],
    ["Le pont de Brévenne date de 1904.", "Il a coûté douze mille francs."],
]
ANSWER = "1931"
OPENED = Asked(
    "Quand le pont de Kerlann a-t-il été inauguré ?", 0, 0, 37, 41, "made up", "fr", favourites=((1, 0), (1, 1))
)
MISSED = Asked("Quand Jeanne Le Goff est-elle née ?", 0, -1, 0, 0, "made up", "fr", tempts=2)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(Path(__file__).parents[1] / "models/embedder/tokenizer.json"))


def drawn(tokenizer: Tokenizer, asked: Asked, count: int, **mixture: float) -> list[list[Example]]:
    settings = Mixture(longest=256, switched=0.0, asked_in_english=0.0, **mixture)  # type: ignore[arg-type]
    examples = iter(Examples(Reading(TEXTS, [asked]), tokenizer, settings, {"fr": {}, "en": {}}, seed=0))
    return [next(examples) for _ in range(count)]


def test_a_question_is_asked_of_as_many_sentences_as_the_product_reads_each_once(tokenizer: Tokenizer) -> None:
    sizes = set()
    for group in drawn(tokenizer, OPENED, 200, among=1.0, elsewhere=0.0):
        sentences = [sentence for example in group for sentence in example.window.sentences]
        assert len(set(sentences)) == len(sentences) <= HITS_READ
        sizes.add(len(group))
        (right,) = (example for example in group if example.first)
        first, after = right.window.characters(right.first, right.last)
        assert TEXTS[0][0][first:after] == ANSWER
    assert len(sizes) > 1


def test_neighbours_are_read_together(tokenizer: Tokenizer) -> None:
    groups = drawn(tokenizer, OPENED, 200, among=1.0)
    windows = [example.window.sentences for group in groups for example in group]
    for sentences in windows:
        (text,) = (text for text in TEXTS if sentences[0] in text)
        first = text.index(sentences[0])
        assert list(sentences) == text[first : first + len(sentences)]
    assert any(len(sentences) > 1 for sentences in windows)


def test_nothing_is_marked_where_the_sentence_is_missing_or_the_question_is_a_near_miss(tokenizer: Tokenizer) -> None:
    for asked in (OPENED, MISSED):
        for group in drawn(tokenizer, asked, 50, among=1.0, elsewhere=1.0):
            assert not any(example.first for example in group)
            assert asked is MISSED or all(ANSWER not in one for example in group for one in example.window.sentences)
    assert all(
        TEXTS[0][MISSED.tempts] in [sentence for example in group for sentence in example.window.sentences]
        for group in drawn(tokenizer, MISSED, 50, among=1.0)
    )


def test_batches_hold_whole_questions_of_at_most_so_many_tokens(tokenizer: Tokenizer) -> None:
    groups = drawn(tokenizer, OPENED, 60, among=0.5, beside=0.5)
    made = list(batches(groups, 900))
    assert all(len(batch.packed.ids) <= 900 for batch in made)
    whole = batch_of(groups[: sum(batch.questions for batch in made)])
    assert torch.cat([batch.packed.ids for batch in made]).tolist() == whole.packed.ids.tolist()
    assert torch.cat([batch.gold for batch in made]).tolist() == whole.gold.tolist()


def test_windows_read_one_after_another_have_the_scores_that_each_has_alone(
    tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("reader")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = BertConfig(vocab_size=300, max_position_embeddings=64, pad_token_id=0, **shape)
    save_encoder(BertModel(config, add_pooling_layer=False), tokenizer, folder)
    model, chance = ReaderModel(folder), random.Random(0)
    windows = [Window(chance.choices(range(1, 300), k=size), (), (), ()) for size in (9, 40, 1, 23, 9)]
    for window, scores in zip(windows, model.scores(windows), strict=True):
        ids = torch.tensor([window.ids])
        states = model.encoder.eval()(input_ids=ids, token_type_ids=torch.zeros_like(ids)).last_hidden_state
        assert torch.tensor(scores) == pytest.approx(model.head(states)[0].detach(), abs=1e-4)
    beyond = pack([window.ids for window in windows]).places[2, 1:]
    assert (beyond == -1).all()
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == 32
