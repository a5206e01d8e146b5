"""SQuAD v1.1 / v2.0 JSON → documents and Questions: each context a document, gold the sentence that holds the answer.

Works for SQuAD, PIAF, FQuAD and XQuAD as published. One thing is repaired, and noted: an answer whose offset is wrong
and whose text stands in its context exactly once is taken to be there.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from assistant.evaluation.fields import MalformedError, Record, as_record, flag_in, id_in, list_in, offset_in, text_in
from assistant.evaluation.questions import GoldSpan, Question, askable_in, check_answers
from assistant.lexicon import language_of
from assistant.sentences import Sentence, split_sentences


@dataclass
class SquadReader:
    """Gathers what a file holds, in its order: documents, and places with a question or what is wrong there."""

    documents: dict[str, str] = field(default_factory=dict)
    found: list[tuple[str, Question | MalformedError]] = field(default_factory=list)
    repairs: list[tuple[str, str]] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _numbers: Counter[str] = field(default_factory=Counter)

    def read(self, content: Record) -> None:
        """Read all of `content`, the file's JSON object."""
        for where, article in self._items(content, "data", ""):
            title = article.get("title")
            for place, paragraph in self._items(article, "paragraphs", where + "."):
                self._read_paragraph(place, paragraph, title if isinstance(title, str) else "")

    def _read_paragraph(self, where: str, paragraph: Record, title: str) -> None:
        try:
            text = text_in(paragraph, "context")
        except MalformedError as error:
            self.found.append((where, error))
            return
        context = self._document(text, title)
        for place, record in self._items(paragraph, "qas", where + "."):
            self._read_question(place, record, context)

    def _read_question(self, where: str, record: Record, context: "_Context") -> None:
        try:
            name = id_in(record)
            where = f"question {name}"
            self.found.append((where, self._question(name, record, context)))
        except MalformedError as error:
            self.found.append((where, error))

    def _question(self, name: str, record: Record, context: "_Context") -> Question:
        answers = [as_record(value) for value in list_in(record, "answers")]
        spans = [self._span(name, answer, context) for answer in answers]
        question = Question(
            id=name,
            question=askable_in(record),
            answers=tuple(dict.fromkeys(context.text[start:end] for start, end in spans)),
            sentences=tuple(dict.fromkeys(context.sentence_at(start) for start, _ in spans)),
            unanswerable=flag_in(record, "is_impossible"),
            context=context.name,
        )
        check_answers(question)
        return question

    def _span(self, name: str, answer: Record, context: "_Context") -> tuple[int, int]:
        text, start = text_in(answer, "text"), offset_in(answer, "answer_start")
        if not context.text.startswith(text, start):
            if context.text.count(text) != 1:
                raise MalformedError(f"its answer {text!r} does not stand at character {start} of its context")
            self.repairs.append((f"question {name}", f"answer_start {start} corrected to {context.text.index(text)}"))
            start = context.text.index(text)
        # An answer that begins with white space begins where its first character is.
        start += len(text) - len(text.lstrip())
        return start, start + len(text.strip())

    def _document(self, text: str, title: str) -> "_Context":
        # A library keeps equal texts once, so equal contexts are one document.
        if text not in self._names:
            self._names[text] = self._new_name(title)
            self.documents[self._names[text]] = text
        return _Context(self._names[text], text, split_sentences(text, language_of(text)))

    def _new_name(self, title: str) -> str:
        stem = re.sub(r"[^\w-]+", "-", title).strip("-")[:60] or "context"
        self._numbers[stem] += 1
        return f"{stem}-{self._numbers[stem]}"

    def _items(self, record: Record, name: str, prefix: str) -> Iterator[tuple[str, Record]]:
        try:
            values = list_in(record, name)
        except MalformedError as error:
            self.found.append((prefix.rstrip(".") or "the file", error))
            return
        for number, value in enumerate(values):
            where = f"{prefix}{name}[{number}]"
            try:
                yield where, as_record(value)
            except MalformedError as error:
                self.found.append((where, error))


@dataclass(frozen=True, slots=True)
class _Context:
    name: str
    text: str
    sentences: list[Sentence]

    def sentence_at(self, position: int) -> GoldSpan:
        found = next(s for s in self.sentences if s.start <= position < s.end)
        return GoldSpan(self.name, found.start, found.end)
