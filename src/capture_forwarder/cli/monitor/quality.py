"""`capture-forwarder monitor quality`: how good predictions were, once their labels are there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import typer

from capture_forwarder.cli.monitor import options as shared
from capture_forwarder.cli.monitor import quality_options as ours
from capture_forwarder.cli.monitor.check import EXECUTIONS, VIOLATIONS
from capture_forwarder.cli.monitor.quality_files import (
    Baseline,
    check_is_free,
    find_source,
    read_baseline,
    write_baseline,
    write_execution,
)
from capture_forwarder.cli.monitor.quality_view import show_baseline, show_check
from capture_forwarder.cli.monitor.view import document_of
from capture_forwarder.cli.terminal.console import say_json, user_errors
from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.engines.port import EngineName
from capture_forwarder.monitor.executions.execution import (
    BaselineFiles,
    Execution,
    MonitoringType,
    Status,
    hour_of,
    message_of,
    written,
)
from capture_forwarder.monitor.executions.folder import STATISTICS, folder_of
from capture_forwarder.monitor.quality import (
    Checked,
    Names,
    Question,
    Slack,
    check_quality,
    judge,
    quality_statistics,
    read_constraints,
    suggest_constraints,
)

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


class _Times(NamedTuple):
    window: Window
    started: datetime
    ended: datetime


class _Found(NamedTuple):
    rows: int
    checked: Checked


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
    no_header: shared.NoHeader = False,
    since: shared.Since = None,
    until: shared.Until = None,
    hours: shared.Hours = None,
    time: ours.TimeColumn = "inference_time",
    baseline: ours.BaselinePlace = None,
    slack: ours.SlackAmount = 0.0,
    slack_deviations: ours.SlackDeviations = 0.0,
    names: ours.MetricNames = Names.FILE,
    endpoint: ours.Endpoint = None,
    schedule: ours.Schedule = "quality",
    to: ours.To = None,
    replace: ours.Replace = False,
    engine_name: shared.OnEngine = EngineName.DUCKDB,
    as_json: shared.AsJson = False,
) -> None:
    """Measure how good predictions were."""
    now = SystemClock().now
    started = now()
    with user_errors():
        if engine_name is not EngineName.DUCKDB:
            problem_with_it = f"Model quality is measured by DuckDB, not by {engine_name.value}."
            raise UsageError(problem_with_it, "Leave --engine out.")
        window = shared.window_of(since, until, hours, now)
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
            window=window,
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
        execution = _execution(
            schedule,
            endpoint,
            _Times(window, started, now()),
            known,
            _Found(statistics["dataset"]["item_count"], checked),
        )
        folder = folder_of(place, endpoint, schedule, hour_of(window, started))
        kept = write_execution(folder, execution, statistics, known, checked)
    if as_json:
        say_json(document_of(kept, checked.violations))
    else:
        show_check(kept.folder, statistics, wanted, checked, problem)
    if checked.violations:
        raise typer.Exit(VIOLATIONS)


def _place(to: Path | None, baseline: Baseline | None, *, replace: bool) -> Path:
    """Where files go: a new baseline is put where none is."""
    if baseline is not None:
        return to or Path(EXECUTIONS)
    if to is None:
        message = "It is not given where the new baseline goes."
        raise UsageError(message, "Give --to FOLDER; or --baseline FOLDER, to check against one.")
    if not replace:
        check_is_free(to)
    return to


def _execution(
    schedule: str, endpoint: str | None, times: _Times, baseline: Baseline, found: _Found
) -> Execution:
    count = len(found.checked.violations)
    status = Status.WITH_VIOLATIONS if count else Status.COMPLETED
    notes = [] if found.rows else ["No prediction could be judged."]
    if missing := found.checked.not_judged:
        notes.append(f"Not judged, for want of a value: {', '.join(missing)}.")
    return Execution(
        schedule=schedule,
        endpoint=endpoint,
        window_start=written(times.window.since),
        window_end=written(times.window.until),
        status=status,
        message=message_of(status, count),
        rows=found.rows,
        violations=count,
        started=written(times.started) or "",
        ended=written(times.ended) or "",
        baseline=BaselineFiles(
            str(baseline.place),
            statistics=None if baseline.statistics is None else f"baseline/{STATISTICS}",
        ),
        drift_method="none",
        notes=tuple(notes),
        monitoring_type=MonitoringType.MODEL_QUALITY,
    )


def _baseline(baseline: Path | None, slack: float, slack_deviations: float) -> Baseline | None:
    if baseline is None:
        return None
    if slack or slack_deviations:
        message = "--slack is for a new baseline, but --baseline names one that is there."
        raise UsageError(message, "Leave out one of them.")
    return read_baseline(baseline)
