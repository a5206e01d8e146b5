"""What a chat model drafted + the sentences that it was shown → Statements, each with those that support it; pure."""

from collections.abc import Callable, Sequence

from assistant.citations import Citation, Statement
from assistant.lexicon import fold
from assistant.sources import SourceSentence
from assistant.support import Support
from assistant.writer.draft import Draft

Check = Callable[[str, Sequence[str]], Support]
"""Whether the texts of sentences support a statement."""


def make_statements(
    draft: Draft, shown: Sequence[SourceSentence], answering: Sequence[SourceSentence], check: Check
) -> tuple[Statement, ...]:
    """The drafted statements, each judged by `check`, with the sentences that their ids stand for among those `shown`;
    where these do not support it, with the one that does among those of `answering`, which the reader would quote.

    Small models say what is right and name the sentence beside it. They repeat themselves too: of a statement made
    several times the first is kept whose citations hold, or else the first.
    """
    quoted = [[sentence] for sentence in answering if sentence in shown]
    statements: dict[str, Statement] = {}
    for drafted in draft.statements:
        named = [shown[id_ - 1] for id_ in drafted.ids]
        tried = (_cited(drafted.text, sentences, check) for sentences in (named, *quoted))
        first = next(tried)
        statement = first if first.supported else next((one for one in tried if one.supported), first)
        said = fold(drafted.text)
        if said not in statements or (statement.supported and not statements[said].supported):
            statements[said] = statement
    return tuple(statements.values())


def _cited(text: str, sentences: Sequence[SourceSentence], check: Check) -> Statement:
    found = check(text, [sentence.text for sentence in sentences])
    return Statement(text, tuple(map(Citation.of_all, sentences)), found.score, found.doubt)
