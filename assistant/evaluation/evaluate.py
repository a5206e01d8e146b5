"""Question file + library → Report: the whole of `assistant eval` but for what it prints and writes."""

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assistant import places
from assistant.documents import Document
from assistant.engine import Engine
from assistant.errors import AssistantError, BadQuestionFile, BadRequest
from assistant.evaluation.comparison import compare, load_rows
from assistant.evaluation.datasets import Problem, QuestionSet, load_questions
from assistant.evaluation.figures import Rows, figures
from assistant.evaluation.gold import Case, find_gold
from assistant.evaluation.report import Report, Setting
from assistant.evaluation.runs import Run, open_for_run
from assistant.evaluation.scoring import Row, score
from assistant.index import Library
from assistant.indexing import build
from assistant.lexicon import Language, language_of

SEED_QUESTIONS = "seeds/questions.jsonl"
SEED_ARTICLE = "seeds/article.txt"

Progress = Callable[[int, int], None]
Watch = Callable[[str], AbstractContextManager[Progress]]
"""Called with the name of a long step; gives what is told how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to evaluate. Without `file`, the seed's own test set; without `limit`, all of its questions."""

    file: Path | None = None
    library: Path | None = None
    limit: int | None = None
    seed: int = 0
    skip_bad: bool = False
    compare: Path | None = None

    @property
    def path(self) -> Path:
        """The question file."""
        return self.file or places.shipped(SEED_QUESTIONS)


def evaluate(request: Request, watch: Watch, engine: Engine | None = None) -> Report:
    """Run a test question set, answered by the reader or written by the chat model of `engine`. Ctrl-C ends it early:
    the report is then of the questions done, if there are any.

    Raises BadQuestionFile for problems in the file unless `skip_bad`, or if nothing is left; BadRequest; and what
    Library.open and Conversation.answer raise.
    """
    old = None if request.compare is None else load_rows(request.compare)
    questions = load_questions(request.path)
    _refuse(questions.problems, request)
    with _library_for(questions, request, watch) as library:
        cases, misfits = find_gold(questions.questions, library)
        _refuse(misfits, request)
        cases = _sample(cases, request)
        run = Run(library, questions.questions, engine=engine)
        setting = _setting(library, run.model, request, len(cases))
        rows = _rows(run, cases, library, setting.language, watch)
    comparison = None if old is None else compare(str(request.compare), old, rows, request.seed)
    found = tuple(figures(rows, request.seed))
    return Report(setting, rows, found, comparison, (*questions.problems, *misfits), questions.repairs)


def _refuse(problems: Sequence[Problem], request: Request) -> None:
    if problems and not request.skip_bad:
        count = "1 record" if len(problems) == 1 else f"{len(problems):,} records"
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise BadQuestionFile(
            f"{count} of {request.path} cannot be used, as listed below.",
            f"Put right what is wrong, or leave it out: assistant eval {request.path} --skip-bad{listed}",
        )


def _sample(cases: Sequence[Case], request: Request) -> list[Case]:
    """At most `limit` cases, drawn by the seed and kept in their order. Raises BadQuestionFile if there are none."""
    if not cases:
        raise BadQuestionFile(
            f"{request.path} holds no question that can be used.", "Name another file: assistant eval FILE"
        )
    size = min(request.limit or len(cases), len(cases))
    return [cases[i] for i in sorted(random.Random(request.seed).sample(range(len(cases)), size))]


@contextmanager
def _library_for(questions: QuestionSet, request: Request, watch: Watch) -> Iterator[Library]:
    """The library that the questions are about; one that lasts as long as the run for those that bring documents."""
    documents = questions.documents or _missing_seed(request)
    if not documents:
        with open_for_run(places.library_folder(request.library)) as library:
            yield library
        return
    if request.library is not None:
        raise BadRequest(
            f"{request.path} brings its own documents, so it cannot be run on {request.library}.",
            f"Leave the library out: assistant eval {request.path}",
        )
    with tempfile.TemporaryDirectory(prefix="assistant-eval-") as folder:
        with watch("Embedding sentences") as progress:
            build(Path(folder), [Document.from_text(*document) for document in documents], progress=progress)
        with open_for_run(Path(folder)) as library:
            yield library


def _missing_seed(request: Request) -> tuple[tuple[str, str], ...]:
    """The seed article, if its own test set is asked for and the user's library is of something else, or not made."""
    if request.library is not None or request.path.resolve() != places.shipped(SEED_QUESTIONS).resolve():
        return ()
    article = places.shipped(SEED_ARTICLE)
    text = article.read_text(encoding="utf-8")
    try:
        with Library.open(places.library_folder()) as library:
            if library.documents() == [article.name] and library.text(article.name) == text:
                return ()
    except AssistantError:
        pass
    return ((article.name, text),)


def _setting(library: Library, reader: str, request: Request, asked: int) -> Setting:
    names = library.documents()
    return Setting(
        questions=str(request.path),
        asked=asked,
        documents=len(names),
        sentences=len(library),
        reader=reader,
        embedder=library.embedder.name,
        language=language_of(" ".join(library.text(name)[:200] for name in names[:20])),
        seed=request.seed,
    )


def _rows(run: Run, cases: Sequence[Case], library: Library, language: Language, watch: Watch) -> Rows:
    text_of = lru_cache(library.text)
    rows: list[Row] = []
    with watch("Answering questions") as progress:
        progress(0, len(cases))
        try:
            for record in run.records(cases):
                rows.append(score(record, language, text_of))
                progress(len(rows), len(cases))
        except KeyboardInterrupt:
            if not rows:
                raise
    return rows
