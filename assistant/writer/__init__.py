"""Question + retrieved sentences + earlier turns → what a chat model writes, in a form that can only cite what it saw.

prompt      what the model reads, within a budget of tokens
grammar     the only form that its output may take
draft       the output as it streams → statements and the sentences that each names
rewriting   a follow-up → the full question, written by the model
"""
