"""Follow-ups in conversation: how often the right sentence answers them, beside the same questions in full; and how
often a question that stands on its own is taken for one.

    python tests/bench/followups.py [EVERY]

Asks those that decide (`models/training/followups/README.md`), of every EVERYth text, in one library of all of PIAF's
training texts and the invented ones that train nothing: the questions before it first, as people would, with whatever
the reader answers. Questions of FQuAD and of PIAF's dev part were written about a passage, and some lean on it: the
share reported for them is an upper bound.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assistant import Conversation, Library, followups
from assistant.citations import Reply
from assistant.embeddings import CheckpointEmbedder
from assistant.evaluation.metrics import token_f1
from assistant.evaluation.normalisation import normalise_french
from models.training import haystack as stacks
from models.training.data import Question, read_squad, sentence_spans
from models.training.followup_questions import DECIDING, FollowUp, read_followups
from models.training.written_questions import read_deciding


@dataclass(frozen=True)
class Judged:
    """Whether a question has an answer, whether it got one, from the right sentence, and its token F1 if so."""

    answerable: bool
    answered: bool
    right: bool
    f1: float


def main() -> None:
    asked = read_followups(stacks.SHARED, DECIDING)
    kept = set(sorted({one.question.context for one in asked})[:: int(sys.argv[1]) if sys.argv[1:] else 1])
    asked = [one for one in asked if one.question.context in kept]
    for name, questions in standing():
        print(f"{name}: {sum(map(followups.leans, questions))}/{len(questions)} taken for a follow-up")
    print(f"follow-ups: {sum(followups.leans(one.question.question) for one in asked)}/{len(asked)}")
    haystack = stacks.written(stacks.piaf_held_out().documents)
    names = {document.text: document.name for document in haystack.documents}
    with stacks.library_of(haystack, stacks.RememberingEmbedder(CheckpointEmbedder.named())) as library:
        for name, replies in (
            ("follow-ups", (in_conversation(library, one) for one in asked)),
            ("in full", (Conversation(library).answer(one.alone) for one in asked)),
        ):
            report(name, [judged(one.question, names, reply) for one, reply in zip(asked, replies, strict=True)])


def standing() -> Iterator[tuple[str, list[str]]]:
    """Sets of questions that stand on their own."""
    yield "written ones that decide", [one.question for one in read_deciding(stacks.SHARED)]
    for path in ("piaf/dev.json", "eval_only/fquad-sample.json"):
        yield path, [one.question for one in read_squad(stacks.SHARED / path)]


def in_conversation(library: Library, one: FollowUp) -> Reply:
    conversation = Conversation(library)
    for question, _answer in one.said:
        conversation.answer(question)
    return conversation.answer(one.question.question)


def judged(question: Question, names: dict[str, str], reply: Reply) -> Judged:
    right = False
    if question.start >= 0 and reply.answered:
        spans = sentence_spans(question.context, question.language)
        (gold,) = (start for start, end in spans if start <= question.start < end)
        right = any((c.document, c.start) == (names[question.context], gold) for c in reply.citations)
    answer = question.context[question.start : question.end]
    f1 = token_f1(reply.answer or "", (answer,), normalise_french) if right else 0.0
    return Judged(question.start >= 0, reply.answered, right, f1)


def report(name: str, all_judged: Iterable[Judged]) -> None:
    """Of those with an answer: right sentence and F1. Abstention: precision, recall, F1."""
    every = list(all_judged)
    answerable = [one for one in every if one.answerable]
    silent = sum(not one.answered for one in every)
    rightly = sum(not one.answered for one in every if not one.answerable)
    missing = len(every) - len(answerable)
    print(
        f"{name:<11} right sentence {sum(one.right for one in answerable) / len(answerable):.3f}  "
        f"F1 {sum(one.f1 for one in answerable) / len(answerable):.3f} (of {len(answerable)})  "
        f"abstention {rightly / max(1, silent):.3f} {rightly / missing:.3f} {2 * rightly / (silent + missing):.3f}"
    )


if __name__ == "__main__":
    main()
