"""JSON value → the Python value that a question file needs there, or what is wrong with it."""

from typing import Any

Record = dict[str, Any]


class MalformedError(Exception):
    """Says what is wrong with one record; caught where the record's place is known, never shown as it is."""


def as_record(value: Any) -> Record:
    """A JSON object."""
    if not isinstance(value, dict):
        raise MalformedError(f"a JSON object was expected, not {_kind(value)}")
    return value


def text_in(record: Record, name: str) -> str:
    """A text that is not blank."""
    value = _present(record, name)
    if not isinstance(value, str):
        raise MalformedError(f'"{name}" must be text, not {_kind(value)}')
    return _sound(value, name)


def texts_in(record: Record, name: str) -> tuple[str, ...]:
    """A list of texts, none of them blank; () if it is absent."""
    values = list_in(record, name)
    if not all(isinstance(value, str) for value in values):
        raise MalformedError(f'"{name}" must be a list of texts')
    return tuple(_sound(value, name) for value in values)


def list_in(record: Record, name: str) -> list[Any]:
    """A list; [] if it is absent."""
    values = record.get(name, [])
    if not isinstance(values, list):
        raise MalformedError(f'"{name}" must be a list, not {_kind(values)}')
    return values


def flag_in(record: Record, name: str) -> bool:
    """True or false; false if it is absent."""
    value = record.get(name, False)
    if not isinstance(value, bool):
        raise MalformedError(f'"{name}" must be true or false, not {_kind(value)}')
    return value


def offset_in(record: Record, name: str) -> int:
    """A whole number, 0 or more."""
    value = _present(record, name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise MalformedError(f'"{name}" must be a whole number, 0 or more')
    return value


def id_in(record: Record) -> str:
    """An id: text, or a whole number taken as text."""
    value = _present(record, "id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_in(record, "id")


def _present(record: Record, name: str) -> Any:
    if name not in record:
        raise MalformedError(f'"{name}" is missing')
    return record[name]


def _sound(text: str, name: str) -> str:
    if not text.strip():
        raise MalformedError(f'"{name}" is empty')
    if "\0" in text:
        raise MalformedError(f'"{name}" holds a NUL character')
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MalformedError(f'"{name}" holds half a character (a lone surrogate)') from error
    return text


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
