"""When to abstain: fits assistant.reader's confidence on PIAF's held-out training articles and measures it on others.

    python tests/bench/abstention.py --held-out FOLDER

Each question is asked twice of the same library: as it is, and with the document that holds its answer taken out of
what was retrieved, which leaves the other paragraphs of the same article: near misses. The confidence is a logistic
regression on reader.leads, trained on whether a hit's sentence in focus is a gold one; the threshold maximises the
mean of has-answer and no-answer F1.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import haystack as stacks
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from assistant import places, reader, retrieval
from assistant.conversation import PASSAGES_READ
from assistant.embeddings import CheckpointEmbedder
from assistant.evaluation.questions import Question
from assistant.index import Library
from assistant.llama import SentenceEncoder

_RETRIEVED = 40


@dataclass(frozen=True)
class Asked:
    """One asking of a question: features of the best hit, whether it is gold, whether any document says."""

    features: np.ndarray
    gold: bool
    answerable: bool


class Asking:
    """The product's reader, with a memory for what it has encoded."""

    def __init__(self) -> None:
        self._encoder = SentenceEncoder(places.shipped("models/encoder/encoder-q8_0.gguf"))
        self._vectors: dict[str, np.ndarray] = {}
        self._reader = reader.SentenceReader(self._encode)

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])

    def best(self, question: str, hits: Sequence[retrieval.Hit]) -> tuple[retrieval.Hit, np.ndarray]:
        """The hit that the reader picks, and how far it leads."""
        scores = self._reader.scores(question, hits)
        index = int(np.argmax(scores))
        return hits[index], np.array(reader.leads(scores, index))


ASKING = Asking()


def ask_twice(stacks_: Iterable[stacks.Haystack], embedder: stacks.RememberingEmbedder) -> list[Asked]:
    asked = []
    for stack in stacks_:
        with stacks.library_of(stack, embedder) as library:
            for question in stack.questions:
                asked += _with_and_without(library, question)
    return asked


def _with_and_without(library: Library, question: Question) -> Iterator[Asked]:
    gold = stacks.gold_sentences(question)
    holders = {document for document, _ in gold}
    hits = retrieval.retrieve(library, question.question, _RETRIEVED)
    without = [hit for hit in hits if hit.passage.document not in holders]
    for found, answerable in ((hits, True), (without, False)):
        if found:
            best, leads = ASKING.best(question.question, found[:PASSAGES_READ])
            yield Asked(leads, _is_gold(best, gold), answerable)


def _is_gold(hit: retrieval.Hit, gold: set[tuple[str, int]]) -> bool:
    return (hit.passage.document, hit.passage.focused.start) in gold


def measure(name: str, asked: list[Asked], model: LogisticRegression, threshold: float) -> None:
    confidence, right, answerable = _best(asked, model)
    said = confidence >= threshold
    has, no = _f1s(confidence, answerable, threshold)
    bins = np.minimum((confidence * 10).astype(int), 9)
    error = sum(abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    auc = roc_auc_score(right, confidence)
    print(
        f"| {name} | {len(asked)} | {has:.3f} | {no:.3f} | {right[said].mean():.3f} | {said.mean():.3f} "
        f"| {auc:.3f} | {error:.3f} |"
    )


def _best(asked: list[Asked], model: LogisticRegression) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The confidence, whether the best hit is right, and whether there was anything to find, for each asking."""
    confidence = model.predict_proba([one.features for one in asked])[:, 1]
    return confidence, np.array([one.gold for one in asked]), np.array([one.answerable for one in asked])


def _f1s(confidence: np.ndarray, answerable: np.ndarray, threshold: float) -> tuple[float, float]:
    said = confidence >= threshold
    has = 2 * (said & answerable).sum() / max((said.sum() + answerable.sum()), 1)
    no = 2 * (~said & ~answerable).sum() / max(((~said).sum() + (~answerable).sum()), 1)
    return float(has), float(no)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", required=True, help="an embedder that the held-out articles did not train")
    fitting = stacks.RememberingEmbedder(CheckpointEmbedder.named(parser.parse_args().held_out))
    # One big library and many small ones: what the confidence rests on must not depend on the library's size.
    train = stacks.piaf_held_out()
    training = ask_twice([train, *stacks.articles(train)], fitting)
    model = LogisticRegression(C=100).fit([one.features for one in training], [one.gold for one in training])
    confidence, _, answerable = _best(training, model)
    threshold = max(np.unique(confidence.round(3)), key=lambda t: sum(_f1s(confidence, answerable, t)))
    weights = ", ".join(f"{weight:.2f}" for weight in (model.intercept_[0], *model.coef_[0]))
    print(f"intercept and weights: {weights}; threshold {threshold:.3f}\n")
    print("| questions | asked | has-answer F1 | no-answer F1 | right if answered | answered | AUC | ECE |")
    print("|" + "---|" * 8)
    measure(f"{train.name} (fitted on)", training, model, threshold)
    embedder = stacks.RememberingEmbedder(CheckpointEmbedder.named())
    for stack in (stacks.piaf_dev(), stacks.fquad()):
        measure(f"{stack.name}, one library", ask_twice([stack], embedder), model, threshold)
        measure(f"{stack.name}, one an article", ask_twice(stacks.articles(stack), embedder), model, threshold)


if __name__ == "__main__":
    main()
