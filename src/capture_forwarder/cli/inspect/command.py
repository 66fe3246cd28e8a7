"""`capture-forwarder inspect`: what capture files hold and which settings map them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from capture_forwarder.cli.inspect.document import inspections_json
from capture_forwarder.cli.inspect.view import show_inspections, show_tables
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import ERR, say_json, user_errors
from capture_forwarder.cli.terminal.option_names import OptionNames
from capture_forwarder.core.errors import UsageError
from capture_forwarder.inspection import (
    Given,
    Inspection,
    by_endpoint,
    inspect_files,
    take_samples,
)
from capture_forwarder.inspection.drafting.candidates import find_candidates
from capture_forwarder.inspection.drafting.choices import read_choices
from capture_forwarder.inspection.drafting.plan import draft_of, mapped
from capture_forwarder.local.whole_file import write_new_file
from capture_forwarder.settings import PublisherName
from capture_forwarder.wiring.capture_files import find_capture_files
from capture_forwarder.wiring.labels import label_tables

HELP = """Show what capture files hold, and propose the settings that map them.

Files of one endpoint are looked at together. What the environment or an option settles is kept;
the rest is proposed, and tried on the lines by the function's own parser. Of labels (ground truth)
it says how to send them. The last lines are commands that forward the files into a DuckDB file;
`--write` writes a routes file for files of several endpoints. `init` does so for other platforms.

Examples:

- `capture-forwarder inspect captures/`

- `capture-forwarder inspect s3://my-bucket/datacapture/my-endpoint --lines 200`

- `capture-forwarder inspect captures/ --write routes.yaml`

Exit code: 0; 1 when a file cannot be read; 2 for wrong usage or settings; 130 when interrupted.
"""


def inspect(  # noqa: PLR0913 - one parameter an option
    addresses: options.Addresses,
    *,
    lines: Annotated[
        int, typer.Option("--lines", min=1, metavar="N", help="Lines to look at, a file.")
    ] = 1000,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write",
            metavar="FILE",
            help="Write a routes file with a route for each endpoint, to DuckDB.",
            show_default=False,
        ),
    ] = None,
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
    variables = options.mapping_variables(
        inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
    )
    with user_errors():
        with OptionNames(variables).in_errors():
            mapping, header = options.given_mapping(options.environment_with(variables))
        tables = label_tables(addresses)
        given = Given(mapping, header)
        inspections = [] if tables else _inspections(addresses, given, lines)
        if write is not None:
            _write(write, addresses, given, lines)
    if as_json:
        say_json(inspections_json(inspections, tables))
    elif tables:
        show_tables(tables, addresses)
    else:
        show_inspections(inspections, addresses, None if write is None else str(write))
    if any(facts.sample.problem for each in inspections for facts in each.files):
        raise typer.Exit(1)


def _write(file: Path, addresses: Sequence[str], given: Given, lines: int) -> None:
    """Write the routes file, which must not be there yet."""
    found, store = find_capture_files(addresses)
    candidates = find_candidates(
        found, "", lambda files: take_samples(files, store, lines), lambda _: given
    )
    place = " ".join(addresses)
    choices = read_choices([PublisherName.DUCKDB], [])
    draft = draft_of(mapped(candidates, place), choices, place, str(file))
    try:
        write_new_file(file, draft.text)
    except FileExistsError:
        problem = f"{file} is there already, and is left as it is."
        raise UsageError(problem, "Name another file with --write.") from None
    except OSError as error:
        problem = f"{file} cannot be written: {error.strerror}."
        raise UsageError(problem, "Name another file with --write.") from error


def _inspections(addresses: Sequence[str], given: Given, lines: int) -> list[Inspection]:
    found, store = find_capture_files(addresses)
    with ERR.status("Reading ...") if ERR.is_terminal else nullcontext():
        return [
            inspect_files(take_samples(files, store, lines), given) for files in by_endpoint(found)
        ]
