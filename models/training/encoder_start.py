"""The teacher's weights + our vocabulary → the encoder before its first step.

A token that the teacher knows keeps its vector; any other starts as the mean of the vectors of the pieces that the
teacher's tokenizer cuts it into (as in Minixhofer et al., arXiv 2112.06598, without its dictionary).
"""

import torch
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, BertModel, PreTrainedTokenizerBase

from models.training.teacher import teacher_folder


def start_encoder(tokenizer: Tokenizer) -> BertModel:
    """The teacher with one vector for each token of `tokenizer`, without a pooling layer."""
    # Without dropout, and with attention written out, a step takes two thirds of the time on a CPU.
    plain = {"attn_implementation": "eager", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model: BertModel = AutoModel.from_pretrained(teacher_folder(), add_pooling_layer=False, **plain)
    old: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(teacher_folder())
    known = model.embeddings.word_embeddings.weight.detach()
    vocabulary = old.get_vocab()
    numbers = tokenizer.get_vocab()
    tokens = sorted(numbers, key=numbers.__getitem__)
    vectors = torch.stack([known[_pieces(old, vocabulary, token)].mean(dim=0) for token in tokens])
    model.embeddings.word_embeddings = torch.nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=0)
    model.config.vocab_size = len(tokens)
    return model


def _pieces(old: PreTrainedTokenizerBase, vocabulary: dict[str, int], token: str) -> list[int]:
    """Numbers of the teacher's tokens that spell `token`; the unknown token if none do."""
    if token in vocabulary:
        return [vocabulary[token]]
    pieces = old.tokenize(token.removeprefix("##"))
    if pieces and token.startswith("##") and "##" + pieces[0] in vocabulary:
        pieces[0] = "##" + pieces[0]
    return [vocabulary[piece] for piece in pieces] or [old.unk_token_id]
