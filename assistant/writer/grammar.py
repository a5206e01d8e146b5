"""Number of sentences shown + language → the only Form that an answer may take; and the Form of a rewritten question.

An answer is one to five statements, each ending in one to three of the ids 1…N, or the phrase that says that the
sentences do not say: no other id can be produced, and the phrase can always be chosen instead of the first statement.
A statement is one sentence, so that no sentence goes without its ids. It has no bracket, so that only an id can look
like one, and no angle bracket, so that no special token of any chat template can be written. Lengths are bounded, so
that an answer ends within the limit of tokens or is cut inside a statement, which the draft then drops.
"""

from assistant.engine import Form
from assistant.lexicon import Language

ABSENT: dict[Language, str] = {"fr": "Les phrases ne le disent pas.", "en": "The sentences do not say."}
STATEMENTS = 5
IDS = 3
STATEMENT_LENGTH = 240
"""Characters of a statement's text."""
_QUESTION_LENGTH = 160

# As GBNF and regular expressions both write it. A quote or backslash would need an escape inside of JSON.
_CONTROLS = r"\x00-\x1F\x7F-\x9F\u2028\u2029"
_FIRST = "0-9A-Za-z«À-ÖØ-öø-ÿŒœ"
_ENDS = ".!?…"


def answer_form(sentences: int, language: Language) -> Form:
    """The form of an answer from `sentences` ≥ 1 numbered sentences."""
    absent = ABSENT[language]
    ids = range(1, sentences + 1)
    gbnf = "\n".join(
        (
            f'root ::= "{absent}" | statement ([ \n] statement){{0,{STATEMENTS - 1}}}',
            f'statement ::= [{_FIRST}“"] part{{2,{STATEMENT_LENGTH - 1}}} ([{_ENDS}] " "? ids | ids "."?)',
            # A full stop is no end in "3.5", "M. Okoro", "U.S. " and the like.
            f'part ::= [^{_ENDS}<>\\[\\]{_CONTROLS}] | "." [0-9A-Za-z] | ([ .] [A-Z] | " Dr" | " Mr" | " Mrs") ". "',
            f'ids ::= cited (" "? cited){{0,{IDS - 1}}}',
            'cited ::= "[" id "]"',
            "id ::= " + " | ".join(f'"{number}"' for number in ids),
        )
    )
    cited = rf"\[({'|'.join(map(str, ids))})\]"
    named = rf"{cited}( ?{cited}){{0,{IDS - 1}}}"
    part = rf'([^{_ENDS}<>\[\]"\\{_CONTROLS}]|\.[0-9A-Za-z]|([ .][A-Z]| Dr| Mr| Mrs)\. )'
    statement = rf"[{_FIRST}]{part}{{2,{STATEMENT_LENGTH - 1}}}([{_ENDS}] ?{named}|{named}\.?)"
    return Form(gbnf, _schema(rf"({absent[:-1]}\.|{statement}( {statement}){{0,{STATEMENTS - 1}}})"))


def question_form() -> Form:
    """The form of a rewritten question: one line, one sentence, that ends at its only question mark."""
    first = "A-ZÀ-ÖØ-ÞŒ"
    gbnf = f'root ::= [{first}] [^.!?…:<>\\[\\]"{_CONTROLS}]{{2,{_QUESTION_LENGTH}}} "?"'
    return Form(gbnf, _schema(rf'[{first}][^.!?…:<>\[\]"\\{_CONTROLS}]{{2,{_QUESTION_LENGTH}}}\?'))


def _schema(pattern: str) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {"text": {"type": "string", "pattern": f"^{pattern}$"}},
        "required": ["text"],
        "additionalProperties": False,
    }
