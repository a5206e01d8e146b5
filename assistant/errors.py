"""Everything that can go wrong for a user, as exceptions that say what to do.

AssistantError                  what failed, what was tried, what to type next
├── BadRequest                  exit 2   what was asked cannot be done as typed
│   ├── BadQuestion                      empty, or too long
│   ├── BadQuestionFile                  a test question set that cannot be used as it is
│   └── NothingToIndex                   no document at the paths given
└── Unusable                    exit 3   something is missing or broken
    ├── DocumentUnreadable               a file that is not text, or cannot be read
    ├── LibraryMissing                   no library where one was expected
    ├── LibraryBroken                    a damaged or foreign file in the library's folder
    ├── LibraryOutdated                  made by another version, splitter or embedder
    ├── LibraryBusy                      another process is writing to it
    ├── SourceUnknown                    a document or sentence that the library does not hold
    └── ModelUnusable                    a model that is missing, damaged or of a kind that cannot be used
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command returns to the shell, as grep does."""

    ANSWERED = 0
    NOT_IN_DOCUMENTS = 1
    WRONG_USAGE = 2
    UNUSABLE = 3
    INTERRUPTED = 130


class AssistantError(Exception):
    """Base of all errors meant for people.

    `what` says what failed and what was tried; `remedy` says what to type or do next.
    """

    exit_code = ExitCode.UNUSABLE

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  {self.remedy}"


class BadRequest(AssistantError):
    """What was asked cannot be done as typed."""

    exit_code = ExitCode.WRONG_USAGE


class BadQuestion(BadRequest):
    """An empty question, or one longer than a question can be."""


class BadQuestionFile(BadRequest):
    """A test question set that cannot be used as it is."""


class NothingToIndex(BadRequest):
    """No document at the paths given."""


class Unusable(AssistantError):
    """Something is missing or broken."""


class DocumentUnreadable(Unusable):
    """A file that is not text, or cannot be read."""


class LibraryMissing(Unusable):
    """No library where one was expected."""


class LibraryBroken(Unusable):
    """A damaged or foreign file in the library's folder."""


class LibraryOutdated(Unusable):
    """A library made by another version, sentence splitter or embedder."""


class LibraryBusy(Unusable):
    """Another process is writing to the library."""


class SourceUnknown(Unusable):
    """A document or sentence that the library does not hold."""


class ModelUnusable(Unusable):
    """A model that is missing, damaged, or of a kind that cannot be used."""
