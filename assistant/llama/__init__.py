"""The only room that imports llama_cpp: quantised models, loaded quietly; encoders and chat models.

llama.cpp's high-level wrapper silences loading by pointing the process's file descriptors 1 and 2 at /dev/null, which a
terminal UI cannot bear, tokenises without the special tokens, and cannot be stopped while it reads a prompt; hence its
low-level interface here.
"""

from assistant.llama.chat import ChatModel
from assistant.llama.encoders import SentenceEncoder, TokenEncoder
from assistant.llama.loading import MAX_TOKENS_KEY, PROMPT_KEY, TOKENIZER_KEY

__all__ = ["MAX_TOKENS_KEY", "PROMPT_KEY", "TOKENIZER_KEY", "ChatModel", "SentenceEncoder", "TokenEncoder"]
