"""`assistant eval`: parse → evaluate → print. Nothing heavy is imported before the command runs."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import options
from assistant.errors import BadRequest, ExitCode, Unusable

if TYPE_CHECKING:
    from assistant.evaluation.report import Report

_BELOW_FLOOR = 1

_file = click.Path(path_type=Path, dir_okay=False)


@click.command("eval")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The library's folder.  [environment: ASSISTANT_LIBRARY]",
)
@click.option("--json", "json_file", type=_file, metavar="FILE", help="Write all figures, answers and scores to FILE.")
@click.option(
    "--html", "html_file", type=_file, metavar="FILE", help="Write one page with charts and failures to FILE."
)
@click.option("--compare", type=_file, metavar="OLD.json", help="Compare with an earlier run, question by question.")
@click.option(
    "--fail-under", multiple=True, metavar="NAME=VALUE", help="Exit with 1 if a figure is lower, as f1=0.8 or r@5=0.9."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask only N questions, drawn at random.")
@click.option("--seed", type=click.IntRange(0), default=0, metavar="S", help="Decides which, and the intervals.  [0]")
@options.chat_model
@click.option("--skip-bad", is_flag=True, help="Go on without the records that cannot be used.")
def eval_command(
    file: Path | None,
    library: Path | None,
    json_file: Path | None,
    html_file: Path | None,
    compare: Path | None,
    fail_under: tuple[str, ...],
    limit: int | None,
    seed: int,
    model: str | None,
    base_url: str | None,
    skip_bad: bool,
) -> int:
    """Measure answers, citations and abstentions on the test questions in FILE.

    FILE is JSON Lines (one question a line, about documents of the library) or SQuAD JSON, which brings its documents
    along. Without FILE, the questions on the shipped article are asked.
    """
    from assistant.evaluation.evaluate import Request, evaluate
    from assistant.evaluation.floors import falls_below, parse_floor
    from assistant.evaluation.progress import progress_bar
    from assistant.evaluation.terminal import print_report

    floors = [parse_floor(floor) for floor in fail_under]
    _check_outputs(json_file, html_file)
    with options.opened_engine(model, base_url) as engine:
        report = evaluate(Request(file, library, limit, seed, skip_bad, compare), progress_bar, engine)
    for notice in report.notices:
        click.echo(f"assistant: {notice}", err=True)
    _write(report, json_file, html_file)
    print_report(report, sys.stdout)
    missed = list(falls_below(floors, report.figures))
    for line in missed:
        click.echo(f"assistant: {line}", err=True)
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return _BELOW_FLOOR if missed else ExitCode.ANSWERED


def _check_outputs(json_file: Path | None, html_file: Path | None) -> None:
    """A run takes minutes: what would keep its report from being written is said before."""
    for path in (json_file, html_file):
        if path is not None and not path.parent.is_dir():
            raise BadRequest(f"cannot write {path}: there is no folder {path.parent}.", f"Make it: mkdir {path.parent}")
    if html_file is not None:
        from assistant.evaluation.charts import check_charts_can_be_drawn

        check_charts_can_be_drawn()


def _write(report: "Report", json_file: Path | None, html_file: Path | None) -> None:
    if json_file is not None:
        from assistant.evaluation.report import as_json

        _write_text(json_file, json.dumps(as_json(report), ensure_ascii=False, indent=1) + "\n")
    if html_file is not None:
        from assistant.evaluation.page import page

        _write_text(html_file, page(report))


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unusable(
            f"cannot write {path}: {error.strerror}.", "Name another file: assistant eval --json FILE"
        ) from error
    click.echo(f"assistant: wrote {path}", err=True)
