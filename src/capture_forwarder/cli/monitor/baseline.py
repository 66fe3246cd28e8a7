"""`capture-forwarder monitor baseline`: statistics and constraints of data that is good."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from capture_forwarder.cli.monitor import options as ours
from capture_forwarder.cli.monitor.view import show_baseline
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.monitor.baseline import make_baseline, write_baseline
from capture_forwarder.monitor.engines.port import EngineName
from capture_forwarder.wiring.monitor import opened_data
from capture_forwarder.wiring.monitor_places import baseline_place, written_place

HELP = """Make a baseline of data: its statistics, and the constraints that it fulfils.

Both files are in the formats of SageMaker Model Monitor. Edit `constraints.json` as you like.

Examples:

- `capture-forwarder monitor baseline training.csv --to baseline`

- `capture-forwarder monitor baseline rows/ --endpoint churn --hours 168 --to baseline`

Exit code: 0; 1 when the data cannot be read; 2 for wrong usage; 130 when interrupted.
"""


def baseline(  # noqa: PLR0913 - one parameter an option
    data: ours.Data,
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FOLDER",
            help="Where the files go, on this machine or in S3.",
            show_default=False,
        ),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a baseline that is there already.")
    ] = False,
    completeness_slack: Annotated[
        float,
        typer.Option(
            "--completeness-slack",
            min=0.0,
            max=1.0,
            metavar="SHARE",
            help="How much less of a column may have a value later on.",
        ),
    ] = 0.0,
    since: ours.Since = None,
    until: ours.Until = None,
    hours: ours.Hours = None,
    endpoint: ours.Endpoint = None,
    table: ours.Table = None,
    time_column: ours.TimeColumn = None,
    no_header: ours.NoHeader = False,
    exclude: ours.Exclude = None,
    engine_name: ours.OnEngine = EngineName.DUCKDB,
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
    """Make a baseline."""
    mapping = ours.mapping_of(
        options.mapping_variables(
            inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
        )
    )
    with user_errors():
        window = ours.window_of(since, until, hours, SystemClock().now)
        choice = ours.data_choice(
            window, endpoint, table, time_column, no_header=no_header, exclude=exclude
        )
        with baseline_place(to) as place, written_place(place):
            with opened_data(data, choice, mapping, engine_name) as (engine, relation):
                made = make_baseline(
                    engine, relation, place.folder, completeness_slack=completeness_slack
                )
            write_baseline(made, to, replace=replace)
    show_baseline(msgspec.structs.replace(made, source=to), as_json=as_json)
