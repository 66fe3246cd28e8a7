"""`capture-forwarder monitor quality`: how good predictions were, once their labels are there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from capture_forwarder.cli.monitor import quality_options as ours
from capture_forwarder.cli.monitor.quality_files import (
    Baseline,
    Run,
    check_is_free,
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
    Question,
    Slack,
    Window,
    check_quality,
    judge,
    quality_statistics,
    read_constraints,
    suggest_constraints,
)

EXECUTIONS = Path("monitor-reports")
VIOLATED = 3
"""The exit code for scripts: everything was done, and constraints are violated."""

HELP = """Measure how good a model's predictions were, by labels that came later.

Predictions and labels may be in one source, or in two that are joined by id. A source is a file or
a folder with CSV, JSON Lines or Parquet files, a DuckDB database, or lines as Model Monitor writes
them: captures, labels, or both merged.

Without `--baseline`, it writes `statistics.json` and `constraints.json`: a baseline. With one, it
keeps an execution: a folder with these, `constraint_violations.json` and `execution.json`.

Examples:

- `capture-forwarder monitor quality validation.csv --problem-type BinaryClassification --prediction
prediction --probability probability --label label --to baseline`

- `capture-forwarder monitor quality capture-forwarder.duckdb --labels labels/ --problem-type
Regression --prediction price --label sold_for --baseline baseline`

Exit code: 0; 1 when data cannot be read; 2 for wrong usage; 3 when constraints are violated; 130
when interrupted.
"""


def quality(  # noqa: PLR0913 - one parameter an option
    predictions: ours.Predictions,
    *,
    problem: ours.Problem,
    prediction: ours.Prediction = None,
    probability: ours.Probability = None,
    threshold: ours.Threshold = 0.5,
    positive: ours.Positive = None,
    label: ours.Label = None,
    labels: ours.Labels = None,
    id_column: ours.IdColumn = "inference_id",
    labels_id: ours.LabelsId = None,
    table: ours.Table = None,
    labels_table: ours.LabelsTable = None,
    no_header: ours.NoHeader = False,
    since: ours.Since = None,
    until: ours.Until = None,
    time: ours.TimeColumn = "inference_time",
    baseline: ours.BaselinePlace = None,
    slack: ours.SlackAmount = 0.0,
    slack_deviations: ours.SlackDeviations = 0.0,
    names: ours.MetricNames = Names.FILE,
    endpoint: ours.Endpoint = None,
    schedule: ours.Schedule = "quality",
    to: ours.To = None,
    replace: ours.Replace = False,
    as_json: ours.AsJson = False,
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
        known = _baseline(baseline, slack, slack_deviations)
        place = _place(to, known, replace=replace)
        predicted = find_source(predictions, table, header=not no_header)
        true = find_source(labels, labels_table, header=not no_header) if labels else None
        with judge(question, predicted, true) as judged:
            statistics = quality_statistics(judged, started)
        if known is None:
            constraints = suggest_constraints(statistics, problem, Slack(slack, slack_deviations))
            write_baseline(place, statistics, constraints)
            show_baseline(place, statistics, constraints, problem, as_json=as_json)
            return
        wanted = read_constraints(known.constraints, problem, str(baseline))
        checked = check_quality(statistics, wanted, problem, names)
        run = Run(place, schedule, endpoint, question.window, started)
        folder, execution = write_execution(run, statistics, known, checked)
    if as_json:
        say_json({"folder": str(folder), **execution, "found": checked.violations})
    else:
        show_check(folder, statistics, wanted, checked, problem)
    if checked.violations:
        raise typer.Exit(VIOLATED)


def _place(to: Path | None, baseline: Baseline | None, *, replace: bool) -> Path:
    """Where files go: a new baseline is put where none is."""
    if baseline is not None:
        return to or EXECUTIONS
    if to is None:
        message = "It is not given where the new baseline goes."
        raise UsageError(message, "Give --to FOLDER; or --baseline FOLDER, to check against one.")
    if not replace:
        check_is_free(to)
    return to


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parse_iso_time(text)
    except ValueError:
        message = f"{option} must be a time such as 2026-03-01 or 2026-03-01T10:00:00Z."
        raise UsageError(message, "A time without an offset is UTC.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _baseline(baseline: Path | None, slack: float, slack_deviations: float) -> Baseline | None:
    if baseline is None:
        return None
    if slack or slack_deviations:
        message = "--slack is for a new baseline, but --baseline names one that is there."
        raise UsageError(message, "Leave out one of them.")
    return read_baseline(baseline)
