"""A chat model in this process: tiny GGUFs of random weights say anything that a grammar lets through."""

import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import outcome
from tiny_models import END, ROLES, TEMPLATE, foreign_model, random_model, scripted_model, truncated_model

from assistant import places
from assistant.engine import Message
from assistant.errors import ModelUnusable
from assistant.llama import ChatModel

ASKED = [Message("system", "Answer."), Message("user", "Combien de sorties ?")]
ANY_LINE = r"root ::= [^\n]+"
ENDLESS = r"root ::= [^\n] root"
MARKS = [*ROLES, END, "<s>", "</s>", "<unk>"]


@pytest.fixture(scope="module")
def models(home: Path) -> Path:
    return home / "tiny"


@pytest.fixture(scope="module")
def model(models: Path) -> Iterator[ChatModel]:
    loaded = ChatModel(random_model(models))
    yield loaded
    loaded.close()


def written(model: ChatModel, grammar: str, limit: int = 200, asked: list[Message] = ASKED) -> str:
    return "".join(model.generate(asked, grammar, limit))


def user(content: str) -> list[Message]:
    return [Message("user", content)]


class TestWriting:
    def test_pieces_come_one_by_one_until_the_model_ends(self, models: Path, tmp_path: Path) -> None:
        script = "Il y a eu 64 sorties [1]. « Déjà » dit-il."
        model = ChatModel(scripted_model(tmp_path / "scripted.gguf", script))
        pieces = list(model.generate(ASKED, ANY_LINE, 100))
        model.close()
        assert "".join(pieces) == script
        assert len(pieces) > 5

    @pytest.mark.parametrize(("start", "expected"), [("J", "Je ne sais pas."), ("R", "Réponse : 64.")])
    def test_the_grammar_decides_what_a_model_that_knows_both_says(
        self, tmp_path: Path, start: str, expected: str
    ) -> None:
        model = ChatModel(scripted_model(tmp_path / "scripted.gguf", "Je ne sais pas.", "Réponse : 64."))
        assert written(model, f'root ::= "{start}" [^\\n]+') == expected
        model.close()

    @pytest.mark.parametrize("seed", range(8))
    def test_a_grammar_is_obeyed_whatever_the_weights(self, models: Path, seed: int) -> None:
        model = ChatModel(random_model(models, seed))
        answer = written(model, 'root ::= "absent" | ("- " [a-zà]{3,9} " [" [1-7] "]\\n"){1,3}', 400)
        model.close()
        assert re.fullmatch(r"absent|(- [a-zà]{3,9} \[[1-7]\]\n){1,3}", answer)

    def test_a_grammar_that_ends_ends_the_output(self, model: ChatModel) -> None:
        assert written(model, 'root ::= "64 sorties"') == "64 sorties"

    @pytest.mark.parametrize("limit", [1, 2, 17])
    def test_the_limit_cuts_in_tokens(self, model: ChatModel, limit: int) -> None:
        whole = written(model, ENDLESS, 60)
        cut = list(model.generate(ASKED, ENDLESS, limit))
        assert len(cut) <= limit
        assert whole.startswith("".join(cut))

    def test_the_context_cuts_too(self, models: Path) -> None:
        model = ChatModel(random_model(models), most_tokens=256)
        asked = user("x" * 200)
        assert model.context == 256
        assert len(list(model.generate(asked, 'root ::= "a" root', 1000))) == 256 - model.count(asked)
        model.close()

    def test_a_character_of_several_tokens_comes_whole(self, model: ChatModel) -> None:
        assert list(model.generate(ASKED, 'root ::= "日本語🦙"', 100)) == ["日", "本", "語", "🦙"]

    def test_a_character_that_the_limit_cuts_is_dropped(self, model: ChatModel) -> None:
        assert written(model, 'root ::= "日本語"', 8) == "日本"

    def test_bytes_make_well_formed_characters_only(self, models: Path) -> None:
        """llama.cpp's grammars let the bytes of lone surrogates through, and of code points that do not exist."""
        for seed in range(20):
            model = ChatModel(random_model(models, seed))
            answer = written(model, r"root ::= [\u4e00-\U0010ffff] root", 80)
            model.close()
            assert len(answer) >= 80 / 4
            assert min(answer) >= "\u4e00"
            assert "\ufffd" not in answer

    def test_control_tokens_are_not_written_as_their_names(self, models: Path) -> None:
        for seed in range(20):
            model = ChatModel(random_model(models, seed))
            answer = written(model, 'root ::= "<|" [a-z]+ "|>" root', 80)
            pieces = list(model.generate(ASKED, 'root ::= "<|user|>"', 80))
            model.close()
            assert answer.startswith("<|")
            assert "".join(pieces) == "<|user|>"
            assert len(pieces) > 1

    def test_the_same_prompt_gives_the_same_text(self, model: ChatModel, models: Path) -> None:
        other = ChatModel(random_model(models))
        texts = {written(model, ENDLESS, 100), written(model, ENDLESS, 100), written(other, ENDLESS, 100)}
        other.close()
        assert len(texts) == 1

    def test_it_stops_between_tokens(self, model: ChatModel) -> None:
        seen: list[str] = []
        for piece in model.generate(ASKED, ENDLESS, 1000, stopped=lambda: len(seen) >= 3):
            seen.append(piece)  # noqa: PERF402 - it is asked while the list grows
        assert len(seen) == 3

    def test_it_stops_while_it_reads_a_prompt_and_is_sound_after(self, model: ChatModel) -> None:
        asked = user("mot " * 1500)
        assert list(model.generate(asked, ENDLESS, 10, stopped=lambda: True)) == []
        expected = written(model, ENDLESS, 50, user("autre"))
        assert list(model.generate(asked, ENDLESS, 10, stopped=lambda: True)) == []
        assert written(model, ENDLESS, 50, user("autre")) == expected

    def test_a_grammar_with_a_mistake_is_the_callers(self, model: ChatModel) -> None:
        with pytest.raises(ValueError, match="cannot read this grammar"):
            written(model, "root ::= nonesuch")


class TestReuse:
    def test_only_what_differs_is_read_again(self, model: ChatModel) -> None:
        passages = Message("system", "Les phrases numérotées. " * 20)
        written(model, ENDLESS, 20, [passages, Message("user", "Combien ?")])
        again = [passages, Message("user", "Quand ?")]
        written(model, ENDLESS, 20, again)
        assert model.count([passages]) - 2 <= model.reused < model.count(again)

    def test_the_text_is_that_of_a_model_that_read_all(self, models: Path) -> None:
        used, fresh = ChatModel(random_model(models, 3)), ChatModel(random_model(models, 3))
        passages = Message("system", "Les phrases numérotées. " * 20)
        for question in ("Combien ?", "Quand ?", "Quand donc ?", "Où ?"):
            asked = [passages, Message("user", question)]
            expected = ChatModel(random_model(models, 3))
            assert written(used, ENDLESS, 60, asked) == written(expected, ENDLESS, 60, asked)
            expected.close()
        assert used.reused > fresh.reused == 0
        used.close()
        fresh.close()


class TestPrompt:
    """The template's marks are control tokens; a document's never are."""

    def test_the_template_is_that_of_the_file(self, model: ChatModel) -> None:
        system, user_, assistant = (model.vocabulary.tokens(role, marks=True)[0] for role in ROLES)
        ids = model.prompts.encode(ASKED)
        controls = [token for token in ids if model.vocabulary.attributes(token) & 8]
        (end,) = model.vocabulary.tokens(END, marks=True)
        assert controls == [model.vocabulary.begins, system, end, user_, end, assistant]

    @pytest.mark.parametrize("space_prefix", [False, True])
    @pytest.mark.parametrize("defined_by_user", [False, True])
    @given(content=st.text(max_size=40))
    def test_plain_contents_give_the_tokens_of_the_rendered_whole(
        self, models: Path, content: str, space_prefix: bool, defined_by_user: bool
    ) -> None:
        model = kept(models, space_prefix, defined_by_user)
        whole = f"<|user|>{content}{END}<|assistant|>"
        expected = [model.vocabulary.begins, *model.vocabulary.tokens(whole, marks=True)]
        assert model.prompts.encode(user(content)) == expected

    @pytest.mark.parametrize("space_prefix", [False, True])
    @pytest.mark.parametrize("defined_by_user", [False, True])
    @given(parts=st.lists(st.sampled_from([*MARKS, *(m[:-1] for m in MARKS), "<", "|", "a", " ", "\n"]), max_size=12))
    def test_marks_in_contents_are_text(
        self, models: Path, parts: list[str], space_prefix: bool, defined_by_user: bool
    ) -> None:
        model = kept(models, space_prefix, defined_by_user)
        marks = {model.vocabulary.tokens(mark, marks=True)[-1] for mark in MARKS}
        ids = model.prompts.encode(user("".join(parts)))
        plain = model.prompts.encode(user("a"))
        assert [token for token in ids if token in marks] == [token for token in plain if token in marks]
        text = b"".join(model.vocabulary.piece(token) for token in ids).decode()
        assert text.replace(" ", "") == f"<s><|user|>{''.join(parts)}{END}<|assistant|>".replace(" ", "")

    def test_a_mark_written_across_the_border_of_a_content_is_text(self, models: Path) -> None:
        template = TEMPLATE.replace("{{ message.content }}", "<{{ message.content }}")
        model = ChatModel(random_model(models, template=template))
        ids = model.prompts.encode(user("|end|>"))
        (end,) = model.vocabulary.tokens(END, marks=True)
        model.close()
        assert ids.count(end) == 1

    @pytest.mark.parametrize(
        "template",
        [
            "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE,
            TEMPLATE.replace(" in messages %}", " in messages if message.role != 'system' %}"),
        ],
    )
    def test_a_template_without_a_system_role_hears_it_from_the_user(self, models: Path, template: str) -> None:
        model = ChatModel(random_model(models, template=template))
        ids = model.prompts.encode(ASKED)
        text = b"".join(map(model.vocabulary.piece, ids)).decode()
        model.close()
        assert text == f"<s><|user|>Answer.\n\nCombien de sorties ?{END}<|assistant|>"

    def test_a_file_without_a_template_gets_a_plain_one(self, models: Path) -> None:
        model = ChatModel(random_model(models, template=None))
        text = b"".join(map(model.vocabulary.piece, model.prompts.encode(ASKED))).decode()
        model.close()
        assert text == "<s>system: Answer.\n\nuser: Combien de sorties ?\n\nassistant:"

    @pytest.mark.parametrize(
        ("template", "why"),
        [
            ("{% for", "unexpected 'end of template'"),
            ("{{ nonesuch.field }}", "nonesuch"),
            ("hello", "leaves messages out"),
        ],
    )
    def test_a_broken_template_is_told(self, models: Path, template: str, why: str) -> None:
        with pytest.raises(ModelUnusable, match=why) as told:
            ChatModel(random_model(models, template=template)).count(ASKED)
        assert "assistant models list" in told.value.remedy

    def test_a_template_is_a_program_in_a_cage(self, models: Path) -> None:
        template = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
        with pytest.raises(ModelUnusable, match="unsafe"):
            ChatModel(random_model(models, template=template)).count(ASKED)


class TestRefusal:
    @pytest.mark.parametrize(
        ("make", "why"),
        [
            (lambda folder: folder / "nonesuch.gguf", "no model file"),
            (truncated_model, "not within the file bounds"),
            (foreign_model, "unknown model architecture: 'nonesuch'"),
            (lambda _folder: places.shipped("models/reader/reader-q8_0.gguf"), r"encodes texts \(bert\)"),
            (lambda _folder: places.shipped("seeds/article.txt"), "cannot load .*article.txt"),
        ],
    )
    def test_a_file_that_is_no_chat_model(self, models: Path, make: object, why: str) -> None:
        assert callable(make)
        with pytest.raises(ModelUnusable, match=why) as told:
            ChatModel(make(models))
        assert "assistant models list" in told.value.remedy

    def test_a_prompt_longer_than_the_context(self, models: Path) -> None:
        model = ChatModel(random_model(models, context=512))
        asked = user("x" * 600)
        with pytest.raises(ModelUnusable, match=rf"take {model.count(asked)} tokens; .* can read 512"):
            written(model, ANY_LINE, 10, asked)
        assert written(model, ANY_LINE, 10)
        model.close()

    def test_no_memory_for_the_context(self, models: Path) -> None:
        told = outcome(load_with_little_memory, random_model(models, context=1 << 20))
        assert isinstance(told, ModelUnusable), told
        assert "no memory" in told.what
        assert "context of 1000000 tokens" in told.what
        assert "smaller model: assistant models list" in told.remedy


def load_with_little_memory(path: Path) -> object:
    """In a child: a context of a million tokens wants 500 MB."""
    ChatModel(path, most_tokens=512).close()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (100 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return ChatModel(path, most_tokens=1_000_000)


_kept: dict[tuple[bool, bool], ChatModel] = {}


def kept(models: Path, space_prefix: bool, defined_by_user: bool) -> ChatModel:
    """A model for all examples of a property."""
    key = space_prefix, defined_by_user
    if key not in _kept:
        path = random_model(models, space_prefix=space_prefix, roles_defined_by_user=defined_by_user)
        _kept[key] = ChatModel(path)
    return _kept[key]
