"""Questions are encoded as documents are: GGUF against sentence-transformers, and models that only the latter runs."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import assistant, refused
from conftest import MINILM, SORTIES

from assistant import Conversation, Library, places, update
from assistant.conversion import read_checkpoint
from assistant.embeddings import CheckpointEmbedder
from assistant.errors import ModelUnusable
from assistant.llama import SentenceEncoder

FRENCH = [
    "En 11 jours, 64 sorties et 55 frappes ont été effectuées.",
    "L’hôpital a reçu 12 blessés, « dont 3 graves » – à Noël ?",
    "Où êtes-vous ?",
    "Oui, c'est ici.",
    "ÇA, C'EST ŒUVRER POUR L'ÉTÉ !",
]
ENGLISH = [
    "The strikes began on the thirtieth of September.",
    "Who's there, in the dark?",
    "It cost $3.50 (about €3), i.e. nothing.",
    "Mr. O'Neill-Smith isn't here.",
    "Supercalifragilisticexpialidocious antidisestablishmentarianism",
]
ODD = [
    "🎉👩‍👩‍👧 La fête commence à l'instant 🎉.",
    "中文句子。",
    "Ελληνικά, русский, עברית",
    "e\u0301te\u0301",
    "1 2 3 4 5 6 7 8 9 10",
    "tab\tline\nend\r\n",
    "<b>balises</b> & *étoiles* | barres",
    "https://exemple.fr/a?b=c, 12.03.2015 à 14 h 30",
    "mot " * 300,
    "Une phrase bien trop longue, qui n'en finit pas, " * 25,
]
# Texts of hardly any words: rounding weighs more.
FRAGMENTS = ["?!…", "a", "Who's there?", "x" * 3000, "\ufeff[CLS] [SEP] [MASK]", "Oui."]
SENTENCES = [
    *FRENCH,
    *ENGLISH,
    *ODD,
    *(f"{first} {second}" for first in FRENCH for second in ENGLISH),
    *(" ".join(FRENCH[:count]) for count in (2, 3, 4)),
    *(" ".join(ENGLISH[:count]) for count in (2, 3)),
]


@pytest.fixture(scope="module")
def bert() -> CheckpointEmbedder:
    return CheckpointEmbedder.named(str(MINILM))


@pytest.fixture(scope="module")
def asked(bert: CheckpointEmbedder) -> Any:
    """Vectors of SENTENCES as questions."""
    return bert.encode_questions(SENTENCES)


def cosines(one: Any, other: Any) -> Any:
    return np.sum(one * other, axis=1)


def test_questions_and_documents_are_encoded_alike(bert: CheckpointEmbedder, asked: Any) -> None:
    assert len(SENTENCES) == 50
    assert cosines(bert.encode_documents(SENTENCES), asked).min() >= 0.9999


def test_fragments_are_encoded_alike(bert: CheckpointEmbedder) -> None:
    assert cosines(bert.encode_documents(FRAGMENTS), bert.encode_questions(FRAGMENTS)).min() >= 0.9999


def test_vectors_are_of_unit_length_in_single_precision(asked: Any) -> None:
    assert (asked.dtype, asked.shape) == (np.float32, (50, 384))
    np.testing.assert_allclose(np.linalg.norm(asked, axis=1), 1, rtol=1e-5)


def test_a_vector_does_not_depend_on_its_company(bert: CheckpointEmbedder, asked: Any) -> None:
    alone = np.concatenate([bert.encode_questions([sentence]) for sentence in SENTENCES[:10]])
    assert cosines(asked[:10], alone).min() >= 0.9999


def test_nothing_to_encode(bert: CheckpointEmbedder) -> None:
    assert bert.encode_questions([]).shape == (0, 384)


def copy_of_minilm(folder: Path, *names: str) -> Path:
    """MiniLM's folder with its weights linked, and the files `names` copied, to be changed."""
    for path in MINILM.rglob("*"):
        target = folder / path.relative_to(MINILM)
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.name in names:
                shutil.copy(path, target)
            else:
                target.symlink_to(path)
    return folder


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_another_pooling_is_written_too(tmp_path: Path) -> None:
    folder = copy_of_minilm(tmp_path / "model", "config.json")
    pooling = folder / "1_Pooling" / "config.json"
    replaced(pooling, '"pooling_mode_mean_tokens": true', '"pooling_mode_mean_tokens": false')
    replaced(pooling, '"pooling_mode_cls_token": false', '"pooling_mode_cls_token": true')
    embedder = CheckpointEmbedder.named(str(folder))
    assert not embedder.slow_to_start
    assert cosines(embedder.encode_documents(FRENCH), embedder.encode_questions(FRENCH)).min() >= 0.9999


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("config.json", '"model_type": "bert"', '"model_type": "roberta"'),
        ("config.json", '"hidden_act": "gelu"', '"hidden_act": "relu"'),
        ("config.json", '"absolute"', '"relative_key"'),
        ("1_Pooling/config.json", '"pooling_mode_max_tokens": false', '"pooling_mode_max_tokens": true'),
        ("1_Pooling/config.json", '"pooling_mode_mean_tokens"', '"include_prompt": false, "pooling_mode_mean_tokens"'),
        ("modules.json", "models.Normalize", "models.Dense"),
        ("tokenizer.json", '"type":"WordPiece"', '"type":"BPE"'),
        ("tokenizer.json", "{", "["),
    ],
)
def test_what_llama_cpp_would_run_otherwise_is_left_to_sentence_transformers(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    folder = copy_of_minilm(tmp_path / "model", Path(file).name)
    assert read_checkpoint(folder) is not None
    replaced(folder / file, old, new)
    assert read_checkpoint(folder) is None


@pytest.mark.parametrize("prompt", ["query: ", ""])
def test_a_model_that_wants_a_prompt_gets_it(tmp_path: Path, prompt: str) -> None:
    folder = copy_of_minilm(tmp_path / "model", "config_sentence_transformers.json")
    prompts = f'"prompts": {{"query": "{prompt}"}}, "__version__"'
    replaced(folder / "config_sentence_transformers.json", '"__version__"', prompts)
    embedder = CheckpointEmbedder.named(str(folder))
    assert not embedder.slow_to_start
    plain = embedder.encode_documents([f"{prompt}{text}" for text in FRENCH])
    assert cosines(plain, embedder.encode_questions(FRENCH)).min() >= 0.9999


def test_the_shipped_embedder_is_a_folder_that_sentence_transformers_loads(capfd: pytest.CaptureFixture[str]) -> None:
    """What sentence-transformers says of it alone is what is indexed and what is asked."""
    from sentence_transformers import SentenceTransformer

    shipped = CheckpointEmbedder.named()
    assert not shipped.slow_to_start
    model = SentenceTransformer(str(places.shipped("models/embedder")))
    assert "MISSING" not in capfd.readouterr().err
    texts, plain = SENTENCES[:20], {"normalize_embeddings": True}
    assert cosines(model.encode_query(texts, **plain), shipped.encode_questions(texts)).min() >= 0.9999
    assert cosines(model.encode_document(texts, **plain), shipped.encode_documents(texts)).min() >= 0.9999


def test_a_static_model_needs_no_torch_for_questions(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, StaticEmbedding
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=16), Normalize()]).save(str(tmp_path))
    embedder = CheckpointEmbedder.named(str(tmp_path))
    assert not embedder.slow_to_start
    assert cosines(embedder.encode_documents(SENTENCES), embedder.encode_questions(SENTENCES)).min() >= 0.9999


@pytest.fixture(scope="module")
def distilled(tmp_path_factory: pytest.TempPathFactory, bert: CheckpointEmbedder) -> Path:
    """A small random DistilBERT, of which no GGUF can be made."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import DistilBertConfig, DistilBertModel

    encoder, folder = tmp_path_factory.mktemp("encoder"), tmp_path_factory.mktemp("distilled")
    config = DistilBertConfig(vocab_size=30522, dim=32, hidden_dim=64, n_layers=1, n_heads=2)
    DistilBertModel(config).save_pretrained(encoder)
    bert._transformer.tokenizer.save_pretrained(encoder)
    SentenceTransformer(modules=[Transformer(str(encoder)), Pooling(32)]).save(str(folder))
    return folder


def test_a_model_that_only_sentence_transformers_runs(distilled: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n\n".join(FRENCH))
    done = assistant("index", "--library", folder, "--embedder", distilled, tmp_path / "a.txt")
    assert done.returncode == 0, done.stderr
    assert "sentence-transformers, which takes some seconds to start" in done.stderr
    with Library.open(folder) as library:
        assert library.embedder.slow_to_start
        assert library.embedder.name == str(distilled)
        reply = Conversation(library).answer("Combien de sorties en 11 jours ?")
        assert FRENCH[0] in {citation.sentence for citation in (*reply.citations, *reply.nearest)}


def test_an_embedder_that_changed_after_indexing(folder: Path, tmp_path: Path, distilled: Path) -> None:
    model = Path(shutil.copytree(distilled, tmp_path / "model"))
    (tmp_path / "a.txt").write_text("Une phrase.")
    update(folder, [tmp_path / "a.txt"], CheckpointEmbedder.named(str(model)))
    replaced(model / "config.json", '"n_heads": 2', '"n_heads": 4')
    with Library.open(folder) as library, pytest.raises(ModelUnusable, match="assistant index"):
        Conversation(library).answer("Une phrase ?")
    update(folder)
    with Library.open(folder) as library:
        assert Conversation(library).answer("Une phrase ?").confidence > 0


def test_a_library_of_an_earlier_version_says_how_to_make_it_again(article_copy: Path) -> None:
    with contextlib.closing(sqlite3.connect(article_copy / "library.db")) as database, database:
        database.execute("UPDATE meta SET value = 'static-fr-en' WHERE key = 'embedder'")
        database.execute("UPDATE meta SET value = '0123456789abcdef' WHERE key = 'fingerprint'")
    refused(assistant("ask", "--library", article_copy, SORTIES), 3, f"assistant index --library {article_copy}")
    assert assistant("index", "--library", article_copy).returncode == 0
    assert assistant("ask", "--library", article_copy, SORTIES).returncode == 0


def broken_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0 foreign")


def missing_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def foreign_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("[]")


def no_modules(folder: Path) -> None:
    (folder / "modules.json").write_text("[]")


@pytest.mark.parametrize("damage", [broken_weights, missing_weights, foreign_tokenizer, no_modules])
def test_a_damaged_embedder(folder: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    names = ("model.safetensors", "tokenizer.json", "modules.json")
    model = copy_of_minilm(tmp_path / "model", *names)
    damage(model)
    (tmp_path / "a.txt").write_text("Une phrase.")
    with pytest.raises(ModelUnusable, match="--embedder") as caught:
        update(folder, [tmp_path / "a.txt"], CheckpointEmbedder.named(str(model)))
    assert str(model) in caught.value.what
    with pytest.raises(ModelUnusable):
        CheckpointEmbedder.named(str(model)).encode_questions(["Une phrase ?"])


def test_a_gguf_of_another_kind(tmp_path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(tmp_path / "llama.gguf", "llama")
    writer.add_block_count(1)
    writer.add_tensor("token_embd.weight", np.zeros((4, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ModelUnusable, match=r"llama\.gguf"):
        SentenceEncoder(tmp_path / "llama.gguf")


def test_a_model_is_freed_once(home: Path, bert: CheckpointEmbedder) -> None:
    bert.load()
    encoder = SentenceEncoder(home / "models" / f"embedder-{bert.fingerprint}.gguf")
    assert encoder.metadata("general.architecture") == "bert"
    assert encoder.metadata("no.such.key") is None
    encoder.close()
    encoder.close()


def test_names_that_are_no_embedder(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="hf download no-such/model"):
        CheckpointEmbedder.named("no-such/model")
    with pytest.raises(ModelUnusable, match=r"modules\.json") as caught:
        CheckpointEmbedder.named(str(tmp_path))
    assert str(tmp_path) in caught.value.what


def test_a_folder_is_found_again_from_anywhere(distilled: Path) -> None:
    assert Path(CheckpointEmbedder.named(str(distilled)).name).is_absolute()
