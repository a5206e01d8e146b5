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
    draft: Draft, shown: Sequence[SourceSentence], quoted: SourceSentence | None, check: Check
) -> tuple[Statement, ...]:
    """The drafted statements, each judged by `check`, with the sentences that their ids stand for among those `shown`;
    where these do not support it, with the one that the reader quotes, if that does.

    Small models say what is right and name the sentence beside it. They repeat themselves too: of a statement made
    several times the first is kept whose citations hold, or else the first.
    """
    statements: dict[str, Statement] = {}
    for drafted in draft.statements:
        statement = _cited(drafted.text, [shown[id_ - 1] for id_ in drafted.ids], check)
        if quoted is not None and not statement.supported:
            again = _cited(drafted.text, [quoted], check)
            statement = again if again.supported else statement
        said = fold(drafted.text)
        if said not in statements or (statement.supported and not statements[said].supported):
            statements[said] = statement
    return tuple(statements.values())


def _cited(text: str, sentences: Sequence[SourceSentence], check: Check) -> Statement:
    found = check(text, [sentence.text for sentence in sentences])
    return Statement(text, tuple(map(Citation.of_all, sentences)), found.score, found.doubt)
