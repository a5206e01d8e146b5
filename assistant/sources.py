"""What a library hands out: sentences, passages and postings, with the document that they are from."""

from dataclasses import dataclass

from assistant.lexicon import Language


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """A sentence with its text: `text` is document[start:end] in code points; `number` counts from 1."""

    document: str
    number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class SourcePassage:
    """A passage as stored: whole neighbouring sentences of one document, in order; `focus` is a sentence's number."""

    id: int
    document: str
    focus: int
    sentences: tuple[SourceSentence, ...]

    @property
    def focused(self) -> SourceSentence:
        """The sentence in focus."""
        return self.sentences[self.focus - self.sentences[0].number]


@dataclass(frozen=True, slots=True)
class Posting:
    """The terms of a passage: those of the sentence in focus, and those of its neighbours; and where it stands: the
    document's id, and the number of the sentence in focus.
    """

    id: int
    document: int
    number: int
    language: Language
    terms: frozenset[str]
    terms_around: frozenset[str]
