"""French and English text → the embedder's WordPiece vocabulary (lower-cased, accents stripped).

WordPiece: Schuster and Nakajima, "Japanese and Korean voice search", ICASSP 2012; normalisation as BERT's uncased
models have it (Devlin et al., arXiv 1810.04805).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from models.training.data import read_french_lines, read_pairs, read_questions
from models.training.settings import Places

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@dataclass(frozen=True)
class VocabularySettings:
    """`size` tokens; French question contexts count `french_contexts` times, English ones are kept with
    `english_share`."""

    seed: int = 0
    size: int = 32_000
    french_contexts: int = 2
    english_share: float = 0.3


def train_vocabulary(places: Places, settings: VocabularySettings) -> Path:
    """Train the vocabulary and write `work/tokenizer.json`; about one minute on two cores."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=True, lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=settings.size, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(_texts(places.data, settings), trainer)
    tokenizer.post_processor = _sentence_template(tokenizer)
    path = places.work / "tokenizer.json"
    tokenizer.save(str(path))
    return path


def _texts(data: Path, settings: VocabularySettings) -> Iterator[str]:
    chance = random.Random(settings.seed)
    for pair in read_pairs(data / "parallel/train.tsv.gz"):
        yield from (pair.english, pair.french)
    yield from read_french_lines(data)
    for asked in read_questions(data / "qa_train/fr.jsonl.gz"):
        yield from [asked.question] + [asked.context] * settings.french_contexts
    for asked in read_questions(data / "qa_train/en.jsonl.gz"):
        yield asked.context if chance.random() < settings.english_share else asked.question


def _sentence_template(tokenizer: Tokenizer) -> processors.TemplateProcessing:
    """`[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]`, token types all 0 (llama.cpp always adds type 0)."""
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")]
    return processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:0 [SEP]:0", special_tokens=marks
    )
