"""Every error is drawn in its module's docstring and leads to a documented exit code."""

import re

import pytest

from assistant import errors
from assistant.errors import AssistantError, BadRequest, ExitCode, Unusable


def tree(kind: type[AssistantError] = AssistantError) -> list[type[AssistantError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^(?:[│├└─ ]*)([A-Z]\w+)  ", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(kind.__name__ for kind in tree())


@pytest.mark.parametrize("kind", tree()[1:])
def test_each_kind_of_error_has_its_exit_code(kind: type[AssistantError]) -> None:
    expected = ExitCode.WRONG_USAGE if issubclass(kind, BadRequest) else ExitCode.UNUSABLE
    assert kind.exit_code == expected
    assert issubclass(kind, BadRequest | Unusable)
    assert kind.__doc__


def test_an_error_reads_as_what_failed_and_what_to_do() -> None:
    assert str(AssistantError("it failed.", "Type this.")) == "it failed.\n  Type this."


def test_exit_codes_are_those_of_grep() -> None:
    assert [(code.name, code.value) for code in ExitCode] == [
        ("ANSWERED", 0),
        ("NOT_IN_DOCUMENTS", 1),
        ("WRONG_USAGE", 2),
        ("UNUSABLE", 3),
        ("INTERRUPTED", 130),
    ]
