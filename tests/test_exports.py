"""Conversations as Markdown, JSON and text."""

import json

from fake_session import BOMBED, FLIGHTS, FOOTBALL, REPLIES, SORTIES, STRIKES, absent

from assistant import exports
from assistant.citations import Citation, Reply

REPLIED = [REPLIES[SORTIES], REPLIES[STRIKES], absent(FOOTBALL)]


def test_markdown_numbers_each_sentence_once_and_keeps_offsets() -> None:
    text = exports.as_markdown(REPLIED)
    assert f"## {SORTIES}\n\n64 sorties [1]\n\n> [1] article.txt:14 (2744–2801): {FLIGHTS}\n" in text
    assert "55 frappes [1] [2]" in text
    assert f"*{SORTIES} 64 sorties. {STRIKES}*" in text
    assert f"> [2] article.txt:20 (3588–3635): {BOMBED}" in text
    assert f"## {FOOTBALL}\n\nThe documents do not say.\n" in text


def test_markdown_of_a_document_cannot_become_structure() -> None:
    sentence = "# <b>*Gros*</b> [titre](x) `y`"
    reply = Reply("?", sentence, 1.0, "m", (Citation("a.md", 1, 0, len(sentence), sentence, 0, len(sentence)),))
    answer = exports.as_markdown([reply]).split("\n\n")[1]
    assert answer == r"\# \<b\>\*Gros\*\</b\> \[titre\](x) \`y\` [1]"


def test_json_holds_turns_as_ask_prints_them() -> None:
    assert json.loads(exports.as_json(REPLIED))["turns"] == [reply.as_json() for reply in REPLIED]


def test_text_for_pasting_names_the_place() -> None:
    assert exports.as_text(REPLIES[SORTIES]) == f"64 sorties\n\narticle.txt:14 (2744–2801): {FLIGHTS}"
