"""Rows → three charts as SVG, drawn by matplotlib: reliability, risk against coverage, latency.

matplotlib comes with the optional extra `eval`; without it, only --html is missing.
"""

import importlib.util
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import Unusable
from assistant.evaluation.columns import Columns
from assistant.evaluation.figures import Rows
from assistant.evaluation.metrics import reliability_bins, risk_coverage_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OUTCOMES = (("f1", "token F1 of the answer", "#1f5fa8"), ("citation_recall", "right sentence cited", "#c4541a"))
_INCHES = (4.6, 3.4)


def check_charts_can_be_drawn() -> None:
    """Raise Unusable if matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise Unusable("--html needs matplotlib for its charts.", "Install it: pip install 'assistant[eval]'")


def charts(rows: Rows) -> dict[str, str]:
    """SVG elements by title, without any reference to the outside."""
    columns = Columns(rows, "end_to_end")
    drawings: dict[str, Callable[[Axes, Columns], None]] = {
        "Reliability": _reliability,
        "Risk against coverage": _risk_coverage,
        "Latency": _latency,
    }
    return {title: _svg(title, drawing, columns) for title, drawing in drawings.items()}


def _reliability(axes: "Axes", columns: Columns) -> None:
    confidence = columns.number("confidence")
    axes.plot([0, 1], [0, 1], color="#888", linewidth=1, linestyle="--")
    for name, label, colour in _OUTCOMES:
        bins = reliability_bins(confidence, columns.score(name), columns.answered)
        sizes = [20 + 200 * b.count / len(confidence) for b in bins]
        axes.plot([b.confidence for b in bins], [b.outcome for b in bins], color=colour, linewidth=1)
        axes.scatter(
            [b.confidence for b in bins], [b.outcome for b in bins], sizes, color=colour, alpha=0.7, label=label
        )
    axes.set(
        xlabel="confidence (dot: tenth, as large as its share of answers)",
        ylabel="outcome",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.legend()


def _risk_coverage(axes: "Axes", columns: Columns) -> None:
    confidence = columns.number("confidence")
    for name, label, colour in _OUTCOMES:
        coverage, risk = risk_coverage_curve(confidence, 1 - columns.score(name), columns.answered)
        # A line through a point or two would not be seen.
        axes.plot(coverage, risk, color=colour, marker="." if coverage.size < 50 else "", label=f"1 − {label}")
    axes.set(xlabel="share of questions answered, most confident first", ylabel="risk", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend()


def _latency(axes: "Axes", columns: Columns) -> None:
    milliseconds = 1000 * columns.number("seconds")
    axes.hist(milliseconds, bins=30, color=_OUTCOMES[0][2])
    for q, style in ((0.5, "-"), (0.95, ":")):
        value = float(np.quantile(milliseconds, q))
        axes.axvline(value, color="#333", linestyle=style, label=f"p{100 * q:.0f}: {value:.0f} ms")
    axes.set(xlabel="milliseconds for a reply", ylabel="questions")
    axes.legend()


def _svg(title: str, draw: "Callable[[Axes, Columns], None]", columns: Columns) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    # Text stays text, so that it can be searched and read aloud; the fixed salt makes equal runs equal files.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.size": 8}):
        figure = Figure(figsize=_INCHES, layout="constrained")
        draw(figure.subplots(), columns)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    return _inlined(buffer.getvalue(), title)


def _inlined(document: str, title: str) -> str:
    """The svg element of an SVG file; its ids are made unlike those of the page's other charts."""
    prefix = re.sub(r"\W+", "-", title.lower())
    element = document[document.index("<svg") :]
    element = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", element)
    return element.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
