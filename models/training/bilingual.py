"""Translation pairs → a word lexicon, and texts in which some words are replaced by their translations.

IBM model 1 (Brown et al., 1993) learnt by expectation maximisation; words switched as in CoSDA-ML (Qin et al., arXiv
2006.06402), so that questions and texts in English teach the encoder's French words.
"""

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from assistant.lexicon import Language, is_function_word
from models.training.data import read_pairs
from models.training.settings import Places

Lexicon = dict[str, tuple[tuple[str, ...], tuple[float, ...]]]
"""A word in lower case → its likeliest translations and their weights."""
_WORD = re.compile(r"[^\W\d_]+")
_COMMONEST = 20_000


def read_lexicons(places: Places) -> dict[str, Lexicon]:
    """Lexicons by the language of their entries, "en" and "fr"; learnt once, then read from `work`."""
    path = places.work / "lexicons.json"
    if not path.exists():
        pairs = read_pairs(places.data / "parallel/train.tsv.gz")
        english, french = _known_words(p.english for p in pairs), _known_words(p.french for p in pairs)
        learnt = {"en": learn(english, french), "fr": learn(french, english)}
        path.write_text(json.dumps(learnt, ensure_ascii=False), encoding="utf-8")
    return {language: _load(entries) for language, entries in json.loads(path.read_text(encoding="utf-8")).items()}


def rewording_lexicon(there: Lexicon, back: Lexicon, language: Language) -> Lexicon:
    """A word's content → other words that share a translation with it (pivot paraphrases; Bannard and Callison-Burch,
    ACL 2005), weighed by both steps."""
    found: Lexicon = {}
    for word, (translations, chances) in there.items():
        weights: dict[str, float] = defaultdict(float)
        for translation, chance in zip(translations, chances, strict=True):
            for other, returning in zip(*back.get(translation, ((), ())), strict=True):
                weights[other] += chance * returning
        kept = [other for other in weights if other != word and not is_function_word(other, language)]
        if kept and not is_function_word(word, language):
            found[word] = (tuple(kept), tuple(weights[other] for other in kept))
    return found


def switch_words(
    text: str, marks: Sequence[int], lexicon: Lexicon, share: float, chance: random.Random
) -> tuple[str, list[int]]:
    """`text` with `share` of its known words replaced, and the places in characters `marks` where they are then."""
    pieces: list[str] = []
    moved: dict[int, int] = {}
    length = at = 0
    for found in _WORD.finditer(text):
        entry = lexicon.get(found.group().lower())
        if entry is None or chance.random() >= share:
            continue
        for mark in range(at, found.start() + 1):
            moved[mark] = length + mark - at
        word = chance.choices(entry[0], entry[1])[0]
        word = word.capitalize() if found.group()[0].isupper() else word
        pieces += [text[at : found.start()], word]
        length += found.start() - at + len(word)
        at = found.end()
    for mark in range(at, len(text) + 1):
        moved[mark] = length + mark - at
    # A place inside a replaced word goes to the end of the part before it.
    return "".join([*pieces, text[at:]]), [moved.get(mark, moved[min(m for m in moved if m >= mark)]) for mark in marks]


def _known_words(texts: Iterable[str]) -> list[list[str]]:
    sentences = [_WORD.findall(text.lower()) for text in texts]
    counts = Counter(word for words in sentences for word in set(words))
    known = {word for word, _ in counts.most_common(_COMMONEST)}
    return [[word for word in words if word in known] for words in sentences]


def learn(source: list[list[str]], target: list[list[str]], rounds: int = 5) -> dict[str, list[tuple[str, float]]]:
    """For each word of the source sentences, up to three that it becomes in the target's, at least 0.1 likely each."""
    from_number = {word: i for i, word in enumerate(sorted({w for words in source for w in words}))}
    to_number = {word: i for i, word in enumerate(sorted({w for words in target for w in words}))}
    links, groups = _links(source, target, from_number, to_number)
    entries, link_entry = np.unique(links, return_inverse=True)
    entry_source = entries // len(to_number)
    probability = np.ones(len(entries))
    for _ in range(rounds):
        weight = probability[link_entry]
        weight = weight / np.bincount(groups, weight)[groups]
        counts = np.bincount(link_entry, weight, len(entries))
        probability = counts / np.bincount(entry_source, counts)[entry_source]
    return _strongest(probability, entries, list(from_number), list(to_number))


def _links(
    source: list[list[str]], target: list[list[str]], from_number: dict[str, int], to_number: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of words of a sentence pair as one number, and the target word of a sentence that each may explain."""
    links, groups, group = [], [], 0
    for ours, theirs in zip(source, target, strict=True):
        mine = np.array([from_number[word] for word in ours], dtype=np.int64)
        for word in theirs if len(mine) else []:
            links.append(mine * len(to_number) + to_number[word])
            groups.append(np.full(len(mine), group))
            group += 1
    return np.concatenate(links), np.concatenate(groups)


def _strongest(
    probability: np.ndarray, entries: np.ndarray, from_words: list[str], to_words: list[str]
) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for number in np.flatnonzero(probability >= 0.1):
        source, target = divmod(int(entries[number]), len(to_words))
        found[from_words[source]].append((to_words[target], round(float(probability[number]), 3)))
    return {word: sorted(options, key=lambda option: -option[1])[:3] for word, options in found.items()}


def _load(entries: dict[str, list[tuple[str, float]]]) -> Lexicon:
    return {
        word: (tuple(option for option, _ in options), tuple(weight for _, weight in options))
        for word, options in entries.items()
    }
