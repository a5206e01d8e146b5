"""Follow-up pairs of the seed's question set: where the cited sentence ranks with and without completion; and how often
a question that stands on its own is taken for a follow-up.

    python tests/bench/followups.py [SQUAD.json…]

Each pair is asked as people ask it: first the question that it follows, then the follow-up. SQuAD files hold questions
that were written about a passage; some of those lean on it, so the share reported for them is an upper bound.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant import followups, places
from assistant.conversation import Conversation
from assistant.index import Library
from assistant.retrieval import retrieve

Row = dict[str, object]


def main() -> None:
    rows = [json.loads(line) for line in places.shipped("seeds/questions.jsonl").read_text("utf-8").splitlines()]
    by_id = {row["id"]: row for row in rows}
    pairs = [row for row in rows if "follows" in row]
    alone = [row["question"] for row in rows if "follows" not in row]
    found = sum(followups.leans(row["question"]) for row in pairs)
    print(f"follow-ups recognised      {found}/{len(pairs)}")
    print(f"others taken for one       {sum(map(followups.leans, alone))}/{len(alone)}")
    with Library.open(places.library_folder()) as library:
        for name, ask in ways(library, by_id).items():
            ranks = [rank(library, ask(row), row["sentences"]) for row in pairs if row["sentences"]]
            first, top = sum(r == 1 for r in ranks), sum(1 <= r <= 5 for r in ranks)
            mrr = sum(1 / r for r in ranks if r) / len(ranks)
            print(f"{name:<26} R@1 {first}/{len(ranks)}  R@5 {top}/{len(ranks)}  MRR {mrr:.3f}")
    for path in sys.argv[1:]:
        questions = list(squad(Path(path)))
        print(f"{path}: {sum(map(followups.leans, questions))}/{len(questions)} taken for a follow-up")


def ways(library: Library, by_id: dict[str, Row]) -> dict[str, Callable[[Row], str]]:
    def before(row: Row) -> Row:
        return by_id[str(row["follows"])]

    def chain(row: Row) -> str:
        question = str(row["question"])
        if "follows" not in row:
            return question
        return followups.complete(question, chain(before(row)))

    def given(row: Row) -> str:
        reply = Conversation(library).answer(str(before(row)["question"]))
        return followups.complete(str(row["question"]), f"{reply.question} {reply.answer or ''}")

    return {
        "as typed": lambda row: str(row["question"]),
        "completed": lambda row: followups.complete(str(row["question"]), str(before(row)["question"])),
        "completed, whole chain": chain,
        "completed, answer given": given,
        "completed, right answer": lambda row: followups.complete(
            str(row["question"]), f"{before(row)['question']} {(before(row)['answers'] or [''])[0]}."
        ),
    }


def rank(library: Library, question: str, gold: list[dict[str, int]]) -> int:
    """The rank of the first passage whose focus is a gold sentence; 0 if there is none."""
    starts = {sentence["start"] for sentence in gold}
    hits = retrieve(library, question, 20)
    return next((i for i, hit in enumerate(hits, 1) if hit.passage.focused.start in starts), 0)


def squad(path: Path) -> Iterator[str]:
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for entry in paragraph["qas"]:
                yield entry["question"]


if __name__ == "__main__":
    main()
