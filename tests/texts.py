"""Any Unicode text that can be a document, with the marks that matter here more often than chance has them."""

from hypothesis import strategies as st

_MARKS = [". ", ".", " ? ", "!", "…", "« ", " »", "M. ", "p. ex. ", "’", "'", '"', "\r\n", "\n\n", "\t", "\u00a0", "- "]
_LETTERS = ["Le ", "Alep", "é", "e\u0301", "œ", "ß", "𝔘", "🎉", "\ufeff", "\u2028", "\x1b[1m", "ﷺ", "\uffff", "中文。"]


def any_text() -> st.SearchStrategy[str]:
    pieces = st.one_of(st.sampled_from(_MARKS), st.sampled_from(_LETTERS), st.text(max_size=8))
    texts = st.lists(pieces, max_size=40).map("".join)
    return texts.map(lambda text: text.replace("\0", "")).filter(str.strip)
