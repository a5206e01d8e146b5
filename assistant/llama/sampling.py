"""Grammar + the model's scores of the next token → the best token that the grammar lets through."""

import codecs
import ctypes
from typing import TYPE_CHECKING, Any

from assistant.llama.loading import quiet_llama
from assistant.llama.prompts import Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FIRST_TRIED = (1, 256)


class Constrained:
    """One output under a grammar in llama.cpp's GBNF; always the best token, so the same prompt gives the same text.

    llama.cpp's grammars let some ill-formed UTF-8 through, and take a control token for its name. Neither passes here,
    so that the text is what the grammar saw. Raises ValueError for a grammar that llama.cpp cannot read.
    """

    def __init__(self, vocabulary: Vocabulary, grammar: str) -> None:
        self._llama = quiet_llama()
        self._vocabulary = vocabulary
        self._handle = self._llama.llama_sampler_init_grammar(vocabulary.handle, grammar.encode("utf-8"), b"root")
        if not self._handle:
            raise ValueError(f"llama.cpp cannot read this grammar:\n{grammar}")
        self._unfinished = b""

    def choose(self, scores: "NDArray[np.float32]") -> int | None:
        """The best token that the output may go on with; None if it ends here."""
        for count in (*_FIRST_TRIED, len(scores)):
            for token in self._let_through(_best(scores, count), scores):
                if self._vocabulary.is_end(token):
                    if not self._unfinished:
                        return None
                elif self._is_text(token):
                    return token
        return None

    def accept(self, token: int) -> str:
        """Go on with a token that was chosen; the text that is complete by it, without half a character."""
        self._llama.llama_sampler_accept(self._handle, token)
        data = self._unfinished + self._vocabulary.piece(token)
        text, used = codecs.utf_8_decode(data, "strict", False)
        self._unfinished = data[used:]
        return text

    def close(self) -> None:
        """Free what llama.cpp holds."""
        self._llama.llama_sampler_free(self._handle)

    def _let_through(self, tokens: "NDArray[np.int32]", scores: "NDArray[np.float32]") -> list[int]:
        """Those of `tokens` that the grammar allows, in their order."""
        import numpy as np

        candidates = np.zeros(len(tokens), dtype=[("id", np.int32), ("score", np.float32), ("share", np.float32)])
        candidates["id"], candidates["score"] = tokens, scores[tokens]
        pointer = candidates.ctypes.data_as(self._llama.llama_token_data_p)
        array = self._llama.llama_token_data_array(data=pointer, size=len(tokens), selected=-1, sorted=False)
        self._llama.llama_sampler_apply(self._handle, ctypes.byref(array))
        return [int(token) for token in candidates["id"][candidates["score"] > -np.inf]]

    def _is_text(self, token: int) -> bool:
        """Whether a token goes on with well-formed UTF-8, all of which the grammar saw."""
        llama: Any = self._llama
        names = llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_UNKNOWN | llama.LLAMA_TOKEN_ATTR_UNUSED
        piece = self._vocabulary.piece(token)
        if self._vocabulary.attributes(token) & names or not piece or b"\0" in piece:
            return False
        data = self._unfinished + piece
        try:
            used = codecs.utf_8_decode(data, "strict", False)[1]
        except UnicodeDecodeError:
            return False
        # Python rejects a surrogate only when its last byte is there; no other byte could end it.
        return not b"\xed\xa0" <= data[used:] < b"\xee"


def _best(scores: "NDArray[np.float32]", count: int) -> "NDArray[np.int32]":
    """Tokens of the highest scores, the highest first; the lower number first where scores are equal."""
    import numpy as np

    if count == 1:
        found = np.argmax(scores, keepdims=True)
    elif count < len(scores):
        found = np.argpartition(-scores, count)[:count]
    else:
        found = np.arange(len(scores))
    ranked: NDArray[np.int32] = found[np.lexsort((found, -scores[found]))].astype(np.int32)
    return ranked
