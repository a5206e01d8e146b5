"""Messages + the model's own chat template → token ids, in which only the template can place a control token.

Role marks and ends of messages are control tokens, and a document may spell them: `<|im_end|>`, `[INST]`, `</s>`. So
the template is rendered with placeholders, its own text is cut at its marks, and what is put in the placeholders is
tokenised as plain text. Without a mark in the contents the ids are those that llama.cpp gives for the rendered whole.
"""

import ctypes
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.engine import Message
from assistant.errors import ModelUnusable
from assistant.llama.loading import quiet_llama
from assistant.messages import _

# For a model without a template of its own, such as a base model.
_PLAIN = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
_PLACEHOLDER = re.compile("\ue000([0-9]+)\ue001")


class Vocabulary:
    """The tokens of a loaded model."""

    def __init__(self, model: Any) -> None:
        self._llama = quiet_llama()
        self.handle = self._llama.llama_model_get_vocab(model)
        self.size = int(self._llama.llama_vocab_n_tokens(self.handle))
        self.begins = int(self._llama.llama_vocab_bos(self.handle))
        self.adds_begin = bool(self._llama.llama_vocab_get_add_bos(self.handle))
        self.ends = int(self._llama.llama_vocab_eos(self.handle))

    def tokens(self, text: str, marks: bool) -> list[int]:
        """Ids of a text; control tokens spelled in it are recognised only if `marks`."""
        data = text.encode("utf-8", "replace")
        size = len(data) + 16
        while True:
            ids = (self._llama.llama_token * size)()
            count = self._llama.llama_tokenize(self.handle, data, len(data), ids, size, False, marks)
            if count >= 0:
                return list(ids[:count])
            size = -count

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for, as a grammar sees them; of a control token, its name."""
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count = self._llama.llama_token_to_piece(self.handle, token, buffer, size, 0, True)
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def attributes(self, token: int) -> int:
        """llama.cpp's LLAMA_TOKEN_ATTR bits."""
        return int(self._llama.llama_vocab_get_attr(self.handle, token))

    def is_end(self, token: int) -> bool:
        """Whether the model means by it that it has finished."""
        return bool(self._llama.llama_vocab_is_eog(self.handle, token))


class Prompts:
    """Makes the prompts of one model. Raises ModelUnusable for a chat template that cannot be used."""

    def __init__(self, template: str | None, vocabulary: Vocabulary, path: Path) -> None:
        from jinja2 import TemplateError

        quiet_llama()
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self._vocabulary = vocabulary
        self._path = path
        self._marks: dict[str, int] = {}
        begins, ends = (self._name(token) for token in (vocabulary.begins, vocabulary.ends))
        try:
            self._formatter = Jinja2ChatFormatter(template or _PLAIN, bos_token=begins, eos_token=ends)
        except TemplateError as error:
            raise self._unusable(str(error)) from error

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of the messages and of the opening of the answer."""
        ids: list[int] = []
        if self._vocabulary.adds_begin and self._vocabulary.begins >= 0:
            ids.append(self._vocabulary.begins)
        plain, before = "", 0
        for piece, mark in self._pieces(messages):
            if mark is None:
                plain += piece
                continue
            ids += self._plain_tokens(plain, before, self._vocabulary.attributes(mark))
            plain, before = "", self._vocabulary.attributes(mark)
            # Templates of some models write the first token that the tokeniser adds too.
            if ids != [mark] or mark != self._vocabulary.begins:
                ids.append(mark)
        return ids + self._plain_tokens(plain, before, 0)

    def _pieces(self, messages: Sequence[Message]) -> Iterator[tuple[str, int | None]]:
        """The prompt in order: plain texts, and the template's marks with their ids."""
        for number, piece in enumerate(_PLACEHOLDER.split(self._render(messages))):
            if number % 2:
                yield messages[int(piece)].content, None
            else:
                yield from self._cut_at_marks(piece)

    def _render(self, messages: Sequence[Message]) -> str:
        """The template around placeholders, one for each content."""
        held: list[Any] = [{"role": m.role, "content": f"\ue000{i}\ue001"} for i, m in enumerate(messages)]
        problem = ""
        for form in (held, _without_system(held)):
            try:
                # Models that would first think aloud are told not to: the grammar leaves no room for it.
                rendered: str = self._formatter(messages=form, enable_thinking=False).prompt
            except Exception as error:  # noqa: BLE001 - a template is a program of the model's maker
                problem = str(error)
                continue
            if {int(i) for i in _PLACEHOLDER.findall(rendered)} == set(range(len(messages))):
                return rendered
            problem = _("it leaves messages out")
        raise self._unusable(problem)

    def _cut_at_marks(self, text: str) -> Iterator[tuple[str, int | None]]:
        for token in self._vocabulary.tokens(text, marks=True):
            if self._is_mark(token):
                self._marks[self._name(token)] = token
        if not self._marks:
            yield text, None
            return
        for piece in re.split(f"({_any_of(self._marks)})", text):
            yield piece, self._marks.get(piece)

    def _is_mark(self, token: int) -> bool:
        """Whether the template's author meant a token by it: a line end that has a token of its own is plain text."""
        llama = quiet_llama()
        attributes = self._vocabulary.attributes(token)
        if attributes & llama.LLAMA_TOKEN_ATTR_CONTROL:
            return True
        return bool(attributes & llama.LLAMA_TOKEN_ATTR_USER_DEFINED) and len(self._name(token).strip()) > 1

    def _plain_tokens(self, text: str, before: int, after: int) -> list[int]:
        """Ids of a text between two marks, whose attributes say whether they take the white space beside them."""
        llama = quiet_llama()
        if before & llama.LLAMA_TOKEN_ATTR_RSTRIP:
            text = text.lstrip()
        if after & llama.LLAMA_TOKEN_ATTR_LSTRIP:
            text = text.rstrip()
        return self._tokens_of_text(text)

    def _tokens_of_text(self, text: str) -> list[int]:
        """Ids without a mark: those of the user-defined type, which llama.cpp sees in any text, are cut in two."""
        ids = self._vocabulary.tokens(text, marks=False)
        marks = [self._name(token) for token in set(ids) if self._is_mark(token)]
        if not marks:
            return ids
        cuts = [match.start() + 1 for match in re.finditer(f"(?={_any_of(marks)})", text)]
        spans = zip([0, *cuts], [*cuts, len(text)], strict=True)
        return [token for start, end in spans for token in self._tokens_of_text(text[start:end])]

    def _name(self, token: int) -> str:
        return self._vocabulary.piece(token).decode("utf-8", "replace") if token >= 0 else ""

    def _unusable(self, problem: str) -> ModelUnusable:
        what = _("the chat template of {path} cannot be used: {why}.")
        return ModelUnusable(what.format(path=self._path, why=problem.strip(" .\n")), another_model())


def another_model() -> str:
    """What to do about a model that cannot answer."""
    return _("Choose another chat model: assistant models list")


def _without_system(messages: Sequence[Any]) -> list[Any]:
    """The messages for a template that knows no system role: what it would say opens the first user message."""
    said = [message["content"] for message in messages if message["role"] == "system"]
    others = [dict(message) for message in messages if message["role"] != "system"]
    if others:
        others[0]["content"] = "\n\n".join([*said, others[0]["content"]])
    return others


def _any_of(marks: Iterable[str]) -> str:
    return "|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True))
