"""`capture-forwarder monitor quality`: how good predictions were, once their labels are there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from capture_forwarder.cli.monitor.quality_files import (
    Baseline,
    find_source,
    read_baseline,
    write_baseline,
    write_execution,
)
from capture_forwarder.cli.monitor.quality_view import show_baseline, show_check
from capture_forwarder.cli.terminal.console import say_json, user_errors
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.iso_time import parse_iso_time
from capture_forwarder.monitor.quality import (
    Names,
    ProblemType,
    Question,
    Slack,
    Window,
    check_quality,
    judge,
    quality_statistics,
    read_constraints,
    suggest_constraints,
)

VIOLATED = 3
"""The exit code for scripts: everything was done, and constraints are violated."""

HELP = """Measure how good a model's predictions were, by labels that came later.

Predictions and labels may be in one source, or in two that are joined by id. A source is a file or
a folder with CSV, JSON Lines or Parquet files, a DuckDB database, or lines as Model Monitor writes
them: captures, labels, or both merged.

Without `--baseline`, it writes `statistics.json` and `constraints.json`: a baseline. With one, it
also writes `constraint_violations.json` and `execution.json`.

Examples:

- `capture-forwarder monitor quality validation.csv --problem-type BinaryClassification --prediction
prediction --probability probability --label label --output baseline`

- `capture-forwarder monitor quality capture-forwarder.duckdb --labels labels/ --problem-type
Regression --prediction price --label sold_for --baseline baseline --output 2026-03-01`

Exit code: 0; 1 when data cannot be read; 2 for wrong usage; 3 when constraints are violated; 130
when interrupted.
"""


def quality(  # noqa: PLR0913 - one parameter an option
    predictions: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...", help="The predictions: files or a folder.", show_default=False
        ),
    ],
    *,
    problem: Annotated[
        ProblemType,
        typer.Option(
            "--problem-type",
            case_sensitive=False,
            help="What the model predicts.",
            show_default=False,
        ),
    ],
    prediction: Annotated[
        str | None,
        typer.Option(
            "--prediction",
            metavar="COLUMN",
            help="The predicted value or class: a column's name, its position from 0, or the "
            "attribute of a captured response.",
            show_default=False,
        ),
    ] = None,
    probability: Annotated[
        str | None,
        typer.Option(
            "--probability",
            metavar="COLUMN",
            help="The probability of the positive class.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(
            "--threshold",
            metavar="NUMBER",
            help="Without --prediction: greater probabilities predict the positive class.",
        ),
    ] = 0.5,
    positive: Annotated[
        str | None,
        typer.Option(
            "--positive",
            metavar="CLASS",
            help="The positive class of a binary model.",
            show_default="1 or true",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="COLUMN",
            help="What was true. Not needed for lines of Model Monitor whose label is one value.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            "--labels",
            metavar="DATA",
            help="The labels, where they are not beside the predictions. May be repeated.",
            show_default=False,
        ),
    ] = None,
    id_column: Annotated[
        str, typer.Option("--id", metavar="COLUMN", help="The id of a prediction.")
    ] = "inference_id",
    labels_id: Annotated[
        str | None,
        typer.Option(
            "--labels-id", metavar="COLUMN", help="The id of a label.", show_default="as --id"
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            metavar="NAME",
            help="The table of a DuckDB database.",
            show_default="the only one",
        ),
    ] = None,
    labels_table: Annotated[
        str | None,
        typer.Option(
            "--labels-table",
            metavar="NAME",
            help="The table with the labels.",
            show_default="the only one",
        ),
    ] = None,
    header: Annotated[
        bool,
        typer.Option("--header/--no-header", help="Whether CSV files begin with a header row."),
    ] = True,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="Leave out calls before it.", show_default=False
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="TIME", help="Leave out calls from it on.", show_default=False
        ),
    ] = None,
    time: Annotated[
        str,
        typer.Option("--time", metavar="COLUMN", help="When a call was made, for these two."),
    ] = "inference_time",
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="PATH",
            help="The baseline's folder, or its constraints.json.",
            show_default=False,
        ),
    ] = None,
    slack: Annotated[
        float,
        typer.Option(
            "--slack",
            metavar="NUMBER",
            min=0,
            help="For a new baseline: how much worse a metric may be, in its own unit.",
        ),
    ] = 0.0,
    slack_deviations: Annotated[
        float,
        typer.Option(
            "--slack-deviations",
            metavar="NUMBER",
            min=0,
            help="For a new baseline: the same in standard deviations.",
        ),
    ] = 0.0,
    names: Annotated[
        Names,
        typer.Option("--names", help="Whose names of metrics violations have."),
    ] = Names.FILE,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="NAME", help="For execution.json.", show_default=False),
    ] = None,
    schedule: Annotated[
        str, typer.Option("--schedule", metavar="NAME", help="For execution.json.")
    ] = "model-quality",
    output: Annotated[
        Path, typer.Option("--output", metavar="FOLDER", help="Where the files are written.")
    ] = Path("model-quality"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how good predictions were."""
    started = datetime.now(UTC)
    with user_errors():
        question = Question(
            problem,
            prediction=prediction,
            probability=probability,
            label=label,
            threshold=threshold,
            positive=positive,
            id=id_column,
            labels_id=labels_id,
            time=time,
            window=Window(_time("--since", since), _time("--until", until)),
        )
        known = _baseline(baseline, output, slack, slack_deviations)
        judged_source = find_source(predictions, table, header=header)
        label_source = find_source(labels, labels_table, header=header) if labels else None
        with judge(question, judged_source, label_source) as judged:
            statistics = quality_statistics(judged, started)
        if known is None:
            constraints = suggest_constraints(statistics, problem, Slack(slack, slack_deviations))
            write_baseline(output, statistics, constraints)
        else:
            wanted = read_constraints(known.constraints, problem, str(baseline))
            checked = check_quality(statistics, wanted, problem, names)
            execution = write_execution(
                output,
                statistics,
                known,
                checked,
                started=started,
                question=question,
                endpoint=endpoint,
                schedule=schedule,
            )
    if known is None:
        _tell_baseline(output, statistics, constraints, problem, as_json=as_json)
        return
    if as_json:
        say_json({"folder": str(output), **execution, "violations": checked.violations})
    else:
        show_check(output, statistics, wanted, checked, problem)
    if checked.violations:
        raise typer.Exit(VIOLATED)


def _tell_baseline(
    output: Path,
    statistics: dict[str, Any],
    constraints: dict[str, Any],
    problem: ProblemType,
    *,
    as_json: bool,
) -> None:
    if as_json:
        say_json({"folder": str(output), "statistics": statistics, "constraints": constraints})
    else:
        show_baseline(output, statistics, constraints, problem)


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parse_iso_time(text)
    except ValueError:
        message = f"{option} must be a time such as 2026-03-01 or 2026-03-01T10:00:00Z."
        raise UsageError(message, "A time without an offset is UTC.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _baseline(
    baseline: Path | None, output: Path, slack: float, slack_deviations: float
) -> Baseline | None:
    if baseline is None:
        return None
    if slack or slack_deviations:
        message = "--slack is for a new baseline, but --baseline names one that is there."
        raise UsageError(message, "Leave out one of them.")
    return read_baseline(baseline, output)
