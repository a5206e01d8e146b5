"""Record → row: what a question got, and its scores, as plain JSON values. Reports and comparisons are made of rows."""

from collections.abc import Callable, Mapping
from typing import Any

from assistant.citations import Citation, Reply
from assistant.evaluation import metrics
from assistant.evaluation.gold import Case
from assistant.evaluation.normalisation import (
    Normaliser,
    normalise_english,
    normalise_french,
    normalise_french_folded,
)
from assistant.evaluation.runs import Record
from assistant.lexicon import Language
from assistant.sources import SourceSentence

Row = dict[str, Any]
TextOf = Callable[[str], str]

NORMALISERS: Mapping[str, Normaliser] = {
    "fr": normalise_french,
    "en": normalise_english,
    "folded": normalise_french_folded,
}


def score(record: Record, language: Language, text_of: TextOf) -> Row:
    """The row of a record. `language` chooses the normalisation of `em` and `f1`; `text_of` gives a document's text."""
    case = record.case
    return {
        "id": case.question.id,
        "question": case.question.question,
        "tags": list(case.question.tags),
        "unanswerable": case.question.unanswerable,
        "answers": list(case.question.answers),
        "gold": [_gold(sentence) for sentence in case.gold],
        "rank": record.rank,
        "reading": None if record.reading is None else _outcome(record.reading, case, language, text_of),
        "end_to_end": _outcome(record.end_to_end, case, language, text_of) | {"seconds": round(record.seconds, 6)},
    }


def _outcome(reply: Reply, case: Case, language: Language, text_of: TextOf) -> Row:
    return {
        "answer": reply.answer,
        "completed": reply.completed,
        "confidence": reply.confidence,
        "citations": [citation.as_json() for citation in reply.citations],
        "nearest": [citation.as_json() for citation in reply.nearest],
        "writing": None if reply.writing is None else reply.writing.as_json(),
        "scores": _answer_scores(reply, case, language)
        | _citation_scores(reply, case, text_of)
        | _writing_scores(reply),
    }


def _answer_scores(reply: Reply, case: Case, language: Language) -> Row:
    answer, golds = reply.answer or "", case.question.answers
    scores: Row = {}
    for name, normalise in NORMALISERS.items():
        scores[f"em_{name}"] = metrics.exact_match(answer, golds, normalise)
        scores[f"f1_{name}"] = metrics.token_f1(answer, golds, normalise)
    return {"em": scores[f"em_{language}"], "f1": scores[f"f1_{language}"]} | scores


def _citation_scores(reply: Reply, case: Case, text_of: TextOf) -> Row:
    """None stands for "not eligible": no gold sentence is known, or nothing was answered."""
    gold = {(sentence.document, sentence.start, sentence.end) for sentence in case.gold}
    cited = {(citation.document, citation.start, citation.end) for citation in reply.citations}
    scores = metrics.citation_scores(cited, gold) if gold else None
    return {
        "citation_precision": scores and scores.precision,
        "citation_recall": scores and scores.recall,
        "citation_f1": scores and scores.f1,
        "verbatim": float(_is_verbatim(reply, text_of)) if reply.answered and not reply.is_written else None,
    }


def _writing_scores(reply: Reply) -> Row:
    """None where no chat model was asked, or where it made no statement."""
    judged = [statement.supported for statement in reply.statements]
    return {
        "unsupported": metrics.unsupported_share(judged),
        "fallback": None if reply.writing is None else float(reply.is_fallback),
        "cut": None if reply.writing is None else float(reply.writing.cut),
    }


def _is_verbatim(reply: Reply, text_of: TextOf) -> bool:
    """Whether each cited sentence is what its document says there, and the answer is the quoted part of one of them."""
    resolved = all(_resolves(citation, text_of(citation.document)) for citation in reply.citations)
    return resolved and any(reply.answer == text_of(c.document)[c.quote_start : c.quote_end] for c in reply.citations)


def _resolves(citation: Citation, text: str) -> bool:
    return text[citation.start : citation.end] == citation.sentence


def _gold(sentence: SourceSentence) -> Row:
    return {
        "document": sentence.document,
        "sentence_number": sentence.number,
        "start": sentence.start,
        "end": sentence.end,
        "sentence": sentence.text,
    }
