"""Unit vectors → how well they find translations (NTREX) and agree with people about likeness (STS-B)."""

from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from models.training.data import read_pairs, read_scored_pairs
from models.training.embedders import Encode


def translation_retrieval(encode: Encode, path: Path) -> float:
    """Share (0–100) of English sentences whose nearest French sentence of the file is their translation."""
    pairs = read_pairs(path, longest=10_000)
    likeness = encode([pair.english for pair in pairs]) @ encode([pair.french for pair in pairs]).T
    return float((likeness.argmax(axis=1) == np.arange(len(pairs))).mean() * 100)


def likeness_correlation(encode: Encode, path: Path) -> float:
    """Spearman correlation of cosine and people's scores (Cer et al., SemEval 2017)."""
    pairs = read_scored_pairs(path)
    cosines = (encode([pair.first for pair in pairs]) * encode([pair.second for pair in pairs])).sum(axis=1)
    return float(spearmanr(cosines, [pair.score for pair in pairs]).statistic)
