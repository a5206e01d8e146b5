"""Report → one self-contained HTML page: figures, charts, and a list of failures that can be filtered.

All text from questions and documents is escaped; the page refers to nothing outside itself.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from assistant.evaluation.charts import charts
from assistant.evaluation.comparison import Comparison
from assistant.evaluation.report import (
    DEPTH_NAMES,
    DEPTH_TITLES,
    OVERVIEW_COLUMNS,
    OVERVIEW_NOTE,
    Report,
    describe,
    overview,
    shown,
    shown_difference,
    shown_interval,
)

KINDS = {
    "invented": "answered, though the documents do not say",
    "missed": "abstained, though the documents say",
    "elsewhere": "cited a wrong sentence",
    "wording": "right sentence, other words",
}


def page(report: Report) -> str:
    """The page as HTML. Needs matplotlib."""
    failures = [(kind, row) for row in report.rows if (kind := failure_kind(row))]
    tags = sorted({tag for _, row in failures for tag in row["tags"]})
    template = Template(files("assistant.evaluation").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(f"Evaluation of {report.setting.reader} on {report.setting.questions}"),
        description="".join(f"<p>{escape(line)}</p>" for line in _description(report)),
        figures="".join(_figures(report)),
        charts="".join(_chart(title, svg) for title, svg in charts(report.rows).items()),
        comparison="" if report.comparison is None else "".join(_comparison(report.comparison)),
        kinds="".join(_option(kind, name) for kind, name in KINDS.items()),
        tags="".join(_option(tag, tag) for tag in tags),
        count=f"{len(failures)} of {len(failures)}",
        failures="\n".join(_failure(kind, row) for kind, row in failures),
    )


def failure_kind(row: dict[str, Any]) -> str | None:
    """What went wrong end to end, a key of KINDS; None if nothing did."""
    outcome = row["end_to_end"]
    scores = outcome["scores"]
    if row["unanswerable"]:
        return None if outcome["answer"] is None else "invented"
    if outcome["answer"] is None:
        return "missed"
    if scores["citation_recall"] == 0:
        return "elsewhere"
    return None if scores["em"] == 1 else "wording"


def _description(report: Report) -> Iterator[str]:
    yield from describe(report)
    yield from report.notices


def _figures(report: Report) -> Iterator[str]:
    yield _table(OVERVIEW_NOTE, ("", *OVERVIEW_COLUMNS), overview(report))
    for depth, title in DEPTH_TITLES.items():
        rows = (
            (f.measure.label, shown(f.measure, f.value), shown_interval(f.measure, f.interval), f"{f.eligible:,}")
            for f in report.figures_of(depth)
        )
        yield _table(title, ("figure", "value", "95 % interval", "questions"), rows)


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield f"<h2>Against {escape(comparison.old)}</h2>"
    yield f"<p>{comparison.questions:,} questions in common, {comparison.left_out:,} not.</p>"
    for depth, name in DEPTH_NAMES.items():
        rows = ((c.measure.label, *shown_difference(c)) for c in comparison.differences_of(depth))
        yield _table(name.capitalize(), ("figure", "old", "new", "difference", "95 % interval"), rows)
    flips = (
        (f.question, f"{f.what} became {'right' if f.better else 'wrong'}", _said(f.old_answer), _said(f.new_answer))
        for f in comparison.flips
    )
    yield _table("Questions that flipped", ("question", "", "old answer", "new answer"), flips)


def _failure(kind: str, row: dict[str, Any]) -> str:
    outcome = row["end_to_end"]
    cited = outcome["citations"] or outcome["nearest"]
    given = "Cited" if outcome["citations"] else "Abstained; the nearest sentences"
    expected = " · ".join(row["answers"]) or "(the documents do not say)"
    return (
        f'<article data-kind="{kind}" data-tags="{escape(json.dumps(row["tags"]))}">'
        f'<p class="meta"><span class="kind">{KINDS[kind]}</span> · {escape(" · ".join([row["id"], *row["tags"]]))}'
        f" · confidence {outcome['confidence']:.2f}</p>"
        f"<h3>{escape(row['question'])}</h3>{_completed(outcome)}"
        f'<div class="sides"><div class="expected"><h4>Expected</h4><p>{escape(expected)}</p>'
        f"<h4>Gold sentence</h4>{''.join(_gold(s, row['answers']) for s in row['gold']) or '<p>(none)</p>'}</div>"
        f'<div class="given"><h4>Given</h4><p>{escape(_said(outcome["answer"]))}</p>'
        f"<h4>{given}</h4>{''.join(_cited(s) for s in cited) or '<p>(none)</p>'}</div></div></article>"
    )


def _completed(outcome: dict[str, Any]) -> str:
    completed = outcome["completed"]
    return f'<p class="meta">Understood as: {escape(completed)}</p>' if completed else ""


def _cited(citation: dict[str, Any]) -> str:
    start, end = (citation["quote"][side] - citation["start"] for side in ("start", "end"))
    return _sentence(citation, start, end)


def _gold(sentence: dict[str, Any], answers: Sequence[str]) -> str:
    answer = next((answer for answer in sorted(answers, key=len, reverse=True) if answer in sentence["sentence"]), "")
    start = sentence["sentence"].find(answer)
    return _sentence(sentence, start, start + len(answer))


def _sentence(place: dict[str, Any], start: int, end: int) -> str:
    text = place["sentence"]
    name = f"{place['document']}:{place['sentence_number']}"
    marked = f"{escape(text[:start])}<mark>{escape(text[start:end])}</mark>{escape(text[end:])}"
    return f'<p><span class="place">{escape(name)}</span> {marked}</p>'


def _said(answer: str | None) -> str:
    return "(abstained)" if answer is None else answer


def _chart(title: str, svg: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg}</figure>"


def _option(value: str, name: str) -> str:
    return f'<option value="{escape(value)}">{escape(name)}</option>'


def _table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = (f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    headings = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f"<table><caption>{escape(caption)}</caption><tr>{headings}</tr>{''.join(lines)}</table>"
