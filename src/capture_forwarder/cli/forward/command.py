"""`capture-forwarder forward`: send capture files by hand."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from capture_forwarder.cli.forward.document import summary_json
from capture_forwarder.cli.forward.outcomes import Sending, nothing_arrived
from capture_forwarder.cli.forward.sending import INTERRUPTED, QUARANTINE, send_files
from capture_forwarder.cli.forward.view import show_cleared, show_interrupt, show_outcomes
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import say_json, user_errors
from capture_forwarder.cli.terminal.named_publisher import load_with_publisher
from capture_forwarder.cli.terminal.option_names import OptionNames
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.cli.terminal.times import Since, read_time
from capture_forwarder.wiring.capture_files import find_capture_files, outputs_of, within
from capture_forwarder.wiring.endpoint_tables import endpoint_tables
from capture_forwarder.wiring.forwarder import build_forwarder, read_routes

HELP = """Send capture files to the platform, one by one, as the function does.

Settings come from the environment, like the function's; options take precedence. With a routes
file (`--routes` or `FORWARDER_ROUTES`), each file goes by its routes; `--publisher`, `--database`,
`--files` and the mapping options define one route for everything and override `FORWARDER_ROUTES`.
In DuckDB, each endpoint has a table of its name, unless `--table` names one for all rows.
Lines that cannot be forwarded go to the quarantine, by default the folder
`capture-forwarder-quarantine`.

Examples:

- `capture-forwarder forward captures/ --publisher duckdb --inputs age,income --outputs score`

- `capture-forwarder forward s3://my-bucket/datacapture/my-endpoint --publisher fiddler`

- `capture-forwarder forward captures/ --files rows/ --inputs age,income --outputs score`

- `capture-forwarder forward captures/ --routes routes.yaml`

Exit code: 0 when every file was delivered; 1 when a file failed, or with `--strict`
when no row arrived; 2 for wrong usage or settings;
130 when interrupted.
"""


def forward(  # noqa: PLR0913 - one parameter an option
    addresses: options.Addresses,
    *,
    publisher: options.Publisher = None,
    database: options.Database = None,
    table: options.Table = None,
    files: options.Files = None,
    files_format: options.FilesFormat = None,
    routes: options.Routes = None,
    quarantine: Annotated[
        str | None,
        typer.Option("--quarantine", metavar="ADDRESS", help="Folder or s3://bucket/prefix."),
    ] = None,
    ledger: options.Ledger = None,
    since: Since = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Only files of before this time, in UTC."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, metavar="N", help="The most files to send.", show_default="all"
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1, too, when not one row has arrived.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per file, then a summary.")
    ] = False,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    timestamp: options.Timestamp = None,
    event_id: options.EventId = None,
    metadata: options.Metadata = None,
    input_path: options.InputPath = None,
    output_path: options.OutputPath = None,
    csv_header: options.CsvHeader = None,
) -> None:
    """Send capture files by hand."""
    with user_errors():
        first, end = read_time("--since", since), read_time("--until", until)
        given = {
            **options.publisher_variables(publisher, database, files, files_format),
            "FORWARDER_QUARANTINE": quarantine,
            "FORWARDER_LEDGER": ledger,
            **options.mapping_variables(
                inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
            ),
        }
        spell = OptionNames({**given, "FORWARDER_ROUTES": routes})
        environment = options.environment_with(given, routes)
        if not environment.get("FORWARDER_QUARANTINE", "").strip():
            environment["FORWARDER_QUARANTINE"] = QUARANTINE
        with spell.in_errors():
            inspect = f"capture-forwarder inspect {shlex.join(addresses)}"
            settings = load_with_publisher(environment, f"Find columns that fit: {inspect}")
            given_routes = read_routes(settings)
        outputs_own = outputs_of(given_routes, settings)
        found, store = find_capture_files(addresses, outputs_own, settings.max_line_bytes)
        found = within(found, first, end, limit)
        endpoints = [file.capture_file.endpoint for file in found]
        taken = endpoint_tables(settings, given_routes, endpoints, table)
        sending = Sending(taken, settings.routes_file, settings.quarantine, addresses, spell)
        reporter = CollectingReporter()
        sent = send_files(
            lambda watched: build_forwarder(
                settings, store=watched, reporter=reporter, routes=taken
            ),
            store,
            found,
            sending,
            as_json=as_json,
        )
    if as_json:
        say_json(summary_json(sent, sending, reporter.warnings))
    else:
        show_outcomes(sent.outcomes, sending, reporter.warnings, strict=strict)
    if not as_json:
        show_cleared(sent.cleared, sending)
    if sent.interrupted:
        show_interrupt(sent.outcomes, len(found), settings.ledger)
        raise typer.Exit(INTERRUPTED)
    failed = any(outcome.failed for outcome in sent.outcomes)
    if failed or (strict and nothing_arrived(sent.outcomes)):
        raise typer.Exit(1)
