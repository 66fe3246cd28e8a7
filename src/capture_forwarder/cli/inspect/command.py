"""`capture-forwarder inspect`: what capture files hold and which settings map them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated

import typer

from capture_forwarder.cli.inspect.document import inspections_json
from capture_forwarder.cli.inspect.view import show_inspections, show_tables
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import ERR, say_json, user_errors
from capture_forwarder.inspection import (
    Given,
    Inspection,
    by_endpoint,
    inspect_files,
    take_samples,
)
from capture_forwarder.wiring.capture_files import find_capture_files
from capture_forwarder.wiring.labels import label_tables

HELP = """Show what capture files hold, and propose the settings that map them.

Files of one endpoint are looked at together. What the environment or an option settles is kept;
the rest is proposed, and tried on the lines by the function's own parser. Of labels (ground truth)
it says how to send them.

Examples:

- `capture-forwarder inspect captures/`

- `capture-forwarder inspect s3://my-bucket/datacapture/my-endpoint --lines 200`

Exit code: 0; 1 when a file cannot be read; 2 for wrong usage or settings; 130 when interrupted.
"""


def inspect(  # noqa: PLR0913 - one parameter an option
    addresses: options.Addresses,
    *,
    lines: Annotated[
        int, typer.Option("--lines", min=1, metavar="N", help="Lines to look at, a file.")
    ] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    timestamp: options.Timestamp = None,
    event_id: options.EventId = None,
    metadata: options.Metadata = None,
    input_path: options.InputPath = None,
    output_path: options.OutputPath = None,
    csv_header: options.CsvHeader = None,
) -> None:
    """Show what capture files hold."""
    environment = options.environment_with(
        options.mapping_variables(
            inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
        )
    )
    with user_errors():
        mapping, header = options.given_mapping(environment)
        tables = label_tables(addresses)
        inspections = [] if tables else _inspections(addresses, Given(mapping, header), lines)
    if as_json:
        say_json(inspections_json(inspections, tables))
    elif tables:
        show_tables(tables, addresses)
    else:
        show_inspections(inspections, addresses)
    if any(facts.sample.problem for each in inspections for facts in each.files):
        raise typer.Exit(1)


def _inspections(addresses: Sequence[str], given: Given, lines: int) -> list[Inspection]:
    found, store = find_capture_files(addresses)
    with ERR.status("Reading ...") if ERR.is_terminal else nullcontext():
        return [
            inspect_files(take_samples(files, store, lines), given) for files in by_endpoint(found)
        ]
