"""The only room that imports llama_cpp: quantised models, loaded quietly and run in batches.

llama.cpp's high-level wrapper silences loading by pointing the process's file descriptors 1 and 2 at /dev/null, which a
terminal UI cannot bear, and tokenises without the special tokens; hence its low-level interface here.
"""

from assistant.llama.encoders import SentenceEncoder, TokenEncoder
from assistant.llama.loading import MAX_TOKENS_KEY, TOKENIZER_KEY

__all__ = ["MAX_TOKENS_KEY", "TOKENIZER_KEY", "SentenceEncoder", "TokenEncoder"]
