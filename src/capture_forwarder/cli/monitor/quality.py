"""`capture-forwarder monitor quality`: how good predictions were, once their labels are there."""

from __future__ import annotations

from contextlib import ExitStack

import typer

from capture_forwarder.cli.monitor import options as shared
from capture_forwarder.cli.monitor import quality_options as ours
from capture_forwarder.cli.monitor.check import EXECUTIONS, VIOLATIONS
from capture_forwarder.cli.monitor.quality_files import (
    check_is_free,
    read_baseline,
    write_baseline,
)
from capture_forwarder.cli.monitor.quality_view import show_baseline, show_check
from capture_forwarder.cli.monitor.view import document_of
from capture_forwarder.cli.terminal.console import say_json, user_errors
from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.engines.port import EngineName
from capture_forwarder.monitor.quality import (
    Judged,
    Names,
    QualityBaseline,
    QualityRun,
    Question,
    Slack,
    Source,
    judge,
    quality_statistics,
    run_quality,
    suggest_constraints,
)
from capture_forwarder.monitor.quality.judging import MEGABYTES
from capture_forwarder.wiring.monitor_places import baseline_place, new_place, written_place
from capture_forwarder.wiring.monitor_quality import find_source

HELP = """Measure how good a model's predictions were, by labels that came later.

Predictions and labels may be in one source, or in two that are joined by id. A source is a file or
a folder with CSV, JSON Lines or Parquet files, a DuckDB database, or lines as Model Monitor writes
them: captures, labels, or both merged. All of these may be in S3, and so may baselines and
executions.

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
    with user_errors(), ExitStack() as stack:
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

        def judged() -> Judged:
            engine = stack.enter_context(open_duckdb(MEGABYTES))

            def source(addresses: list[str], of: str | None, name: str, hours: Window) -> Source:
                return find_source(addresses, of, engine.folder / name, hours, header=not no_header)

            predicted = source(predictions, table, "predictions", window)
            true = [source(labels, labels_table, "labels", Window())] if labels else None
            return judge(engine, question, [predicted], true)

        if known is None:
            where = _new_baseline(to)
            with baseline_place(where) as place, written_place(place):
                if not replace:
                    check_is_free(place.folder, where)
                statistics = quality_statistics(judged(), now())
                slacks = Slack(slack, slack_deviations)
                constraints = suggest_constraints(statistics, problem, slacks)
                write_baseline(place.folder, statistics, constraints)
            show_baseline(where, statistics, constraints, problem, as_json=as_json)
            return
        place = stack.enter_context(new_place(to or EXECUTIONS))
        run = QualityRun(place.folder, schedule, endpoint, window, problem, names)
        finished = run_quality(run, known, judged, now)
        folder = place.address_of(finished.kept.folder)
    if as_json:
        say_json(document_of(finished.kept, finished.checked.violations, folder))
    else:
        show_check(folder, finished, problem)
    if finished.checked.violations:
        raise typer.Exit(VIOLATIONS)


def _new_baseline(to: str | None) -> str:
    if to is None:
        message = "It is not given where the new baseline goes."
        raise UsageError(message, "Give --to FOLDER; or --baseline FOLDER, to check against one.")
    return to


def _baseline(
    baseline: str | None, slack: float, slack_deviations: float
) -> QualityBaseline | None:
    if baseline is None:
        return None
    if slack or slack_deviations:
        message = "--slack is for a new baseline, but --baseline names one that is there."
        raise UsageError(message, "Leave out one of them.")
    with baseline_place(baseline) as place:
        return read_baseline(place.folder, baseline)
