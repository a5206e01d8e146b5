"""The screen's messages, complete in both languages."""

import ast
from pathlib import Path
from string import Formatter

import pytest
from catalogues import PACKAGE, catalogue, compiled, load, source_messages

from assistant import documents, errors, messages


def texts(message: object) -> tuple[str, ...]:
    return message if isinstance(message, tuple) else (str(message),)


def test_every_message_in_the_source_has_a_french_one_and_no_other_is_kept() -> None:
    wanted = {texts(message.id) for message in source_messages() if message.id}
    french = {texts(message.id): texts(message.string) for message in load("fr") if message.id}
    assert french.keys() == wanted
    assert [key for key, value in french.items() if not all(value)] == []


def test_the_compiled_catalogue_is_up_to_date() -> None:
    assert catalogue("fr").with_suffix(".mo").read_bytes() == compiled(load("fr"))


def test_placeholders_are_the_same_in_both_languages() -> None:
    def fields(text: str) -> set[str]:
        return {name for _literal, name, _format, _conversion in Formatter().parse(text) if name}

    for message in load("fr"):
        for text in texts(message.string):
            assert fields(text) == fields(texts(message.id)[0])


def test_french_punctuation_has_its_spaces() -> None:
    for message in load("fr"):
        for text in texts(message.string) if message.id else ():
            assert not any(f" {mark}" in text for mark in ";:!?%»"), text
            assert "'" not in text, text


def test_nothing_shown_by_the_screens_bypasses_the_catalogue() -> None:
    """A literal sentence given to a Static, a notification or a headline would stay English."""
    for path in sorted((PACKAGE / "tui").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and _name(call) in ("Static", "notify", "Input", "Command"):
                shown = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                assert not [text for text in shown if " " in text], f"{path.name}: {shown}"


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@pytest.mark.parametrize(("wanted", "chosen"), [("fr", "fr"), ("en", "en"), ("de", "en")])
def test_a_language_that_is_not_ours_is_english(wanted: str, chosen: str) -> None:
    assert messages.use(wanted) == chosen
    assert (messages._("Quit") == "Quitter") == (chosen == "fr")


def test_what_the_core_raises_follows_the_language(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()

    def raised() -> errors.AssistantError:
        with pytest.raises(errors.DocumentUnreadable) as caught:
            documents.read(documents.Source(tmp_path / "empty.txt", "empty.txt"))
        return caught.value

    messages.use("fr")
    french = raised()
    assert french.what == f"impossible de lire {tmp_path / 'empty.txt'}\u00a0: il est vide."
    assert french.remedy.startswith("Donnez un fichier texte ou Markdown")
    messages.use("en")
    english = raised()
    assert english.what == f"cannot read {tmp_path / 'empty.txt'}: it is empty."
    assert english.remedy.startswith("Give a text or Markdown file of at most 64 MiB, in UTF-8")


def test_numbers_follow_the_language() -> None:
    messages.use("fr")
    assert messages.percent(0.934) == "93\u00a0%"
    assert messages.counted("{count} document", "{count} documents", 0) == "0 document"
    messages.use("en")
    assert messages.percent(0.934) == "93%"
    assert messages.counted("{count} document", "{count} documents", 0) == "0 documents"


def test_the_package_carries_the_catalogue() -> None:
    assert Path(messages.CATALOGUES, "fr", "LC_MESSAGES", "assistant.mo").is_file()
