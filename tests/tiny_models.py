"""Tiny chat models: llama-architecture GGUFs that llama.cpp loads in milliseconds, with every byte in their vocabulary.

`random_model` says anything that its grammar lets through, and depends on every token of its prompt; `scripted_model`
says what it was made to say. Each is written once into the folder that is given (`home` of conftest.py keeps one for
all tests) and deterministic. A character costs about a token, so prompts are long: 8,192 tokens of context.
"""

import contextlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
END = "<|end|>"
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_CONTROL = ("<s>", "</s>", *ROLES, END)
_LETTERS = "▁\n" + "".join(map(chr, range(33, 127))) + "àâçéèêëîïôùûœÀÉÈ’«»—\u00a0€"
_PIECES = (
    *("qu", "es", "en", "on", "▁d", "▁l", "er", "re", "in", "▁p", "▁a", "▁s", "▁de", "▁le", "▁la", "▁in"),
    *("▁[", "[1", "1]", "]▁", "].", ".\n", "]\n", ".▁"),  # a token may end one part of a form and begin the next
)
_LAYERS, _INNER, _HEADS = 2, 128, 4
_WIDTH, _SCRIPT_WIDTH = 64, 256

Weights = dict[str, NDArray[np.float32]]


def random_model(
    folder: Path,
    seed: int = 0,
    *,
    context: int = 8192,
    template: str | None = TEMPLATE,
    space_prefix: bool = False,
    roles_defined_by_user: bool = False,
) -> Path:
    """A model of random weights; another seed is another model.

    Tokenisers of some models begin each text with a space; role marks of some are tokens of the "user-defined" type,
    which llama.cpp recognises in any text.
    """
    options = repr((context, template, space_prefix, roles_defined_by_user))
    path = folder / f"random-{seed}-{zlib.crc32(options.encode()):x}.gguf"
    if not path.exists():
        vocabulary = _vocabulary()
        weights = _random_weights(np.random.default_rng(seed), len(vocabulary))
        with _open(path, vocabulary, weights, context, template, roles_defined_by_user) as writer:
            writer.add_add_space_prefix(space_prefix)
    return path


def scripted_model(path: Path, *scripts: str, context: int = 8192) -> Path:
    """A model that says one of `scripts`, whatever it is asked: the first whose beginning the grammar allows.

    Where the grammar forbids the script to go on, it says anything else that is allowed.
    """
    taken = set(_vocabulary())
    chains = [_cut(script, taken) for script in scripts]
    vocabulary = [*_vocabulary(), *(piece for chain in chains for piece in chain)]
    with _open(path, vocabulary, _scripted_weights(vocabulary, chains), context) as writer:
        writer.add_add_space_prefix(False)
    return path


def foreign_model(folder: Path) -> Path:
    """A sound GGUF of an architecture that llama.cpp does not know."""
    path = folder / "foreign.gguf"
    vocabulary = _vocabulary()
    weights = _random_weights(np.random.default_rng(0), len(vocabulary))
    with _open(path, vocabulary, weights, 512, architecture="nonesuch"):
        return path


def truncated_model(folder: Path) -> Path:
    """The first half of a sound model, as a broken download leaves it."""
    whole = random_model(folder).read_bytes()
    path = folder / "truncated.gguf"
    path.write_bytes(whole[: len(whole) // 2])
    return path


def _vocabulary() -> list[str]:
    """Token texts: unknown, control tokens, 256 bytes, letters, a few longer pieces."""
    return ["<unk>", *_CONTROL, *(f"<0x{byte:02X}>" for byte in range(256)), *_LETTERS, *_PIECES]


def _token_type(number: int, text: str, roles_defined_by_user: bool) -> int:
    if number == 0:
        return int(gguf.TokenType.UNKNOWN)
    if roles_defined_by_user and text in ROLES:
        return int(gguf.TokenType.USER_DEFINED)
    if number <= len(_CONTROL):
        return int(gguf.TokenType.CONTROL)
    if number <= len(_CONTROL) + 256:
        return int(gguf.TokenType.BYTE)
    return int(gguf.TokenType.NORMAL)


def _layer(number: int, width: int, inner: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of one layer's matrices."""
    shapes = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (width, width))
    shapes |= {"ffn_gate": (inner, width), "ffn_up": (inner, width), "ffn_down": (width, inner)}
    return {f"blk.{number}.{name}.weight": shape for name, shape in shapes.items()}


def _random_weights(rng: np.random.Generator, tokens: int) -> Weights:
    weights = {name: rng.normal(size=(tokens, _WIDTH)) for name in ("token_embd.weight", "output.weight")}
    for number in range(_LAYERS):
        for name, shape in _layer(number, _WIDTH, _INNER).items():
            weights[name] = rng.normal(size=shape) * 1.5 / np.sqrt(shape[1])
    return {name: matrix.astype(np.float32) for name, matrix in weights.items()}


def _scripted_weights(vocabulary: list[str], chains: Sequence[Sequence[str]]) -> Weights:
    """Layers that add nothing, so that each token is followed by the one that its row of the output asks for."""
    rng = np.random.default_rng(0)
    states = rng.normal(size=(len(vocabulary), _SCRIPT_WIDTH)).astype(np.float32)
    states /= np.sqrt((states**2).mean(axis=1, keepdims=True))
    output = np.zeros_like(states)
    number = {token: i for i, token in enumerate(vocabulary)}
    for rank, chain in enumerate(chains):
        steps = zip(["<|assistant|>", *chain], [*chain, END], strict=True)
        for step, (before, after) in enumerate(steps):
            strength = 100 - 10 * rank if step == 0 else 100
            output[number[after]] += states[number[before]] * strength / _SCRIPT_WIDTH
    weights = {"token_embd.weight": states, "output.weight": output}
    for layer in range(_LAYERS):
        shapes = _layer(layer, _SCRIPT_WIDTH, _INNER)
        weights |= {name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}
    return weights


def _cut(script: str, taken: set[str]) -> list[str]:
    """The script in pieces that are no token yet, each a little longer than a word's syllable."""
    pieces, rest = [], script.replace(" ", "▁")
    while rest:
        size = 4
        while rest[:size] in taken and size < len(rest):
            size += 1
        if rest[:size] in taken or len(rest) - size < 4:
            size = len(rest)
        if rest[:size] in taken:
            raise ValueError(f"the script's end {rest!r} was used before")
        taken.add(rest[:size])
        pieces.append(rest[:size])
        rest = rest[size:]
    return pieces


@contextlib.contextmanager
def _open(
    path: Path,
    vocabulary: list[str],
    weights: Weights,
    context: int,
    template: str | None = TEMPLATE,
    roles_defined_by_user: bool = False,
    architecture: str = "llama",
) -> Iterator[gguf.GGUFWriter]:
    """Write a model; what the block adds to its metadata too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width = weights["token_embd.weight"].shape[1]
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(width // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    _add_vocabulary(writer, vocabulary, roles_defined_by_user)
    if template is not None:
        writer.add_chat_template(template)
    yield writer
    norms = ["output_norm", *(f"blk.{i}.{name}" for i in range(_LAYERS) for name in ("attn_norm", "ffn_norm"))]
    ones = {f"{name}.weight": np.ones(width, dtype=np.float32) for name in norms}
    for name, matrix in {**weights, **ones}.items():
        writer.add_tensor(name, matrix)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer: gguf.GGUFWriter, vocabulary: list[str], roles_defined_by_user: bool) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_token_list(vocabulary)
    writer.add_token_scores([float(len(token)) for token in vocabulary])
    writer.add_token_types([_token_type(i, token, roles_defined_by_user) for i, token in enumerate(vocabulary)])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(vocabulary.index("<s>"))
    writer.add_eos_token_id(vocabulary.index("</s>"))
    writer.add_eot_token_id(vocabulary.index(END))
    writer.add_add_bos_token(True)
