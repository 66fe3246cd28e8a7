"""`capture-forwarder monitor check`: a window of data against a baseline."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import msgspec
import typer

from capture_forwarder.cli.monitor import options as ours
from capture_forwarder.cli.monitor.view import show_finished
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.monitor.baseline import Baseline, read_baseline
from capture_forwarder.monitor.constraints.check import LEAST_ROWS, Strictness, fractions_of
from capture_forwarder.monitor.constraints.constraints import (
    CategoricalMethod,
    Document,
    Method,
    with_monitoring,
)
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.drift.measure import Measure
from capture_forwarder.monitor.engines.port import Engine, EngineName
from capture_forwarder.monitor.window import Run, run_check
from capture_forwarder.wiring.monitor import opened_data
from capture_forwarder.wiring.monitor_places import baseline_place, new_place

EXECUTIONS = "monitor-reports"
VIOLATIONS = 3
"""The exit code of a check that found violations."""

HELP = """Check a window of data against a baseline, and keep what was found.

Each check is an execution: a folder with `statistics.json`, `constraints.json`,
`constraint_violations.json`, `drift.json`, `execution.json` and a copy of the baseline.

Examples:

- `capture-forwarder monitor check rows/ --baseline baseline --endpoint churn --hours 24`

- `capture-forwarder monitor check march.csv --baseline baseline --json`

Exit code: 0; 1 when the data cannot be read; 2 for wrong usage; 3 when there are violations; 130
when interrupted.
"""


def check(  # noqa: PLR0913 - one parameter an option
    data: ours.Data,
    *,
    baseline: Annotated[
        str,
        typer.Option(
            "--baseline",
            metavar="FOLDER",
            help="A folder or S3 address with constraints.json, and statistics.json to judge "
            "drift by.",
            show_default=False,
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="FOLDER", help="Where executions are kept, on this machine or in S3."
        ),
    ] = EXECUTIONS,
    schedule: Annotated[
        str, typer.Option("--schedule", metavar="NAME", help="What this check is called.")
    ] = "check",
    since: ours.Since = None,
    until: ours.Until = None,
    hours: ours.Hours = None,
    endpoint: ours.Endpoint = None,
    table: ours.Table = None,
    time_column: ours.TimeColumn = None,
    no_header: ours.NoHeader = False,
    exclude: ours.Exclude = None,
    engine_name: ours.OnEngine = EngineName.DUCKDB,
    drift: Annotated[
        Measure,
        typer.Option(
            "--drift",
            metavar="WORD",
            help="How the distance of numbers is measured; `model-monitor` loses ties as it does.",
        ),
    ] = Measure.ROWS,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", min=0.0, metavar="X", help="Instead of the constraints' thresholds."
        ),
    ] = None,
    method: Annotated[
        Method | None,
        typer.Option("--method", metavar="WORD", help="Instead of the constraints' method."),
    ] = None,
    categorical_method: Annotated[
        CategoricalMethod | None,
        typer.Option(
            "--categorical-method", metavar="WORD", help="Instead of the constraints' for texts."
        ),
    ] = None,
    min_rows: Annotated[
        int,
        typer.Option("--min-rows", min=1, metavar="N", help="Of fewer rows, drift is not judged."),
    ] = LEAST_ROWS,
    strict_types: Annotated[
        bool, typer.Option("--strict-types", help="A whole number does not satisfy Fractional.")
    ] = False,
    as_json: ours.AsJson = False,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    timestamp: options.Timestamp = None,
    event_id: options.EventId = None,
    metadata: options.Metadata = None,
    input_path: options.InputPath = None,
    output_path: options.OutputPath = None,
    csv_header: options.CsvHeader = None,
) -> None:
    """Check a window."""
    mapping = ours.mapping_of(
        options.mapping_variables(
            inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
        )
    )
    now = SystemClock().now
    with user_errors(), ExitStack() as stack:
        window = ours.window_of(since, until, hours, now)
        choice = ours.data_choice(
            window, endpoint, table, time_column, no_header=no_header, exclude=exclude
        )
        with baseline_place(baseline) as kept:
            known = read_baseline(kept.folder, baseline)
        against = _with_options(known, threshold, method, categorical_method)
        how = Strictness(drift, min_rows, strict_types)
        place = stack.enter_context(new_place(to))
        run = Run(place.folder, schedule, endpoint, window, how, ours.names_of(exclude))
        choice = msgspec.structs.replace(choice, fractions=fractions_of(against.constraints, how))

        def opened() -> tuple[Engine, Relation]:
            return stack.enter_context(opened_data(data, choice, mapping, engine_name))

        finished = run_check(run, against, opened, now)
    show_finished(finished, place.address_of(finished.kept.folder), as_json=as_json)
    if finished.checked.violations:
        raise typer.Exit(VIOLATIONS)


def _with_options(
    baseline: Baseline,
    threshold: float | None,
    method: Method | None,
    categorical_method: CategoricalMethod | None,
) -> Baseline:
    compared = {
        "comparison_threshold": threshold,
        "categorical_comparison_threshold": threshold,
        "comparison_method": method and method.value,
        "categorical_drift_method": categorical_method and categorical_method.value,
    }
    given: Document = {key: value for key, value in compared.items() if value is not None}
    if not given:
        return baseline
    changed = with_monitoring(baseline.constraints, {"distribution_constraints": given})
    return Baseline(baseline.source, changed, baseline.statistics)
