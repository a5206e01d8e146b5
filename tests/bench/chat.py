"""What a chat model costs: ratios measured in one run, because absolute figures belong to a machine.

    python tests/bench/chat.py MODEL.gguf

Reading: a conversation's prompts, whose beginning stays the same, with the model's memory of the last prompt and
without it. Writing: tokens per second under a grammar, beside the bare model, which has none. Stopping: the time from
the order to the end of the output, while the model reads a long prompt and while it writes.
"""

import statistics
import sys
import time
from pathlib import Path

from assistant import places
from assistant.engine import Form, Message
from assistant.llama import ChatModel
from assistant.worker import LocalEngine

QUESTIONS = ["Combien de sorties ?", "Quand ont commencé les frappes ?", "Qui est le chef de la diplomatie ?"]
LINE = r"root ::= [^\n]+"
ENDLESS = r"root ::= [^\n] root"
TOKENS = 64
RUNS = 3


def prompt(question: str) -> list[Message]:
    """As a turn has it: orders and passages first, the question last."""
    passages = places.shipped("seeds/article.txt").read_text(encoding="utf-8")[:2000]
    return [Message("system", f"Answer from these sentences only:\n{passages}"), Message("user", question)]


def first_piece(model: ChatModel, messages: list[Message]) -> float:
    """Seconds until the model has read a prompt and written its first token."""
    started = time.perf_counter()
    list(model.generate(messages, ENDLESS, 1))
    return time.perf_counter() - started


def reading(model: ChatModel) -> None:
    unlike = [Message("user", "?")]
    whole, rest = [], []
    for _ in range(RUNS):
        for question in QUESTIONS:
            list(model.generate(unlike, ENDLESS, 1))
            whole.append(first_piece(model, prompt(question)))
            # Read before: only the question of the next turn differs.
            rest.append(first_piece(model, prompt(question.upper())))
    tokens, seconds, again = model.count(prompt(QUESTIONS[0])), statistics.median(whole), statistics.median(rest)
    print(f"| reading {tokens} tokens | {again:.2f} s | without reuse: {seconds:.2f} s | {again / seconds:.2f} |")


def writing(model: ChatModel) -> None:
    import numpy as np

    ours, bare = [], []
    for _ in range(RUNS):
        list(model.generate(prompt(QUESTIONS[0]), LINE, 1))
        started = time.perf_counter()
        written = len(list(model.generate(prompt(QUESTIONS[0]), ENDLESS, TOKENS)))
        ours.append(written / (time.perf_counter() - started))
        token = 0
        started = time.perf_counter()
        for _token in range(TOKENS):
            model._read_on([token])
            token = int(np.argmax(model._scores()))
        bare.append(TOKENS / (time.perf_counter() - started))
    rate, best = statistics.median(ours), statistics.median(bare)
    print(f"| writing | {rate:.0f} pieces/s | without grammar: {best:.0f} tokens/s | {rate / best:.2f} |")


def stopping(path: Path) -> None:
    engine = LocalEngine(path)
    for what, messages in [("reads", [Message("user", "mot " * 1500)]), ("writes", [Message("user", "?")])]:
        times = []
        for _ in range(RUNS):
            pieces = engine.generate(messages, Form(ENDLESS, {}), 1000)
            if what == "writes":
                next(pieces)
            times.append(stopped_after(engine, pieces))
        print(f"| stopping while it {what} | {1000 * max(times):.0f} ms at most | | |")
    engine.close()


def stopped_after(engine: LocalEngine, pieces: object) -> float:
    import threading

    consumer = threading.Thread(target=list, args=(pieces,))
    consumer.start()
    time.sleep(0.3)
    started = time.perf_counter()
    engine.stop()
    consumer.join()
    return time.perf_counter() - started


def main() -> None:
    path = Path(sys.argv[1])
    print(f"{path.name}\n\n| what | ours | beside | ratio |\n|---|---|---|---|")
    model = ChatModel(path)
    reading(model)
    writing(model)
    model.close()
    stopping(path)


if __name__ == "__main__":
    main()
