"""`capture-forwarder forward`: send capture files by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from capture_forwarder.cli.forward.sending import QUARANTINE, send_files
from capture_forwarder.cli.forward.view import (
    Sending,
    outcome_json,
    show_outcomes,
    summary_json,
)
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import say_json, user_errors
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.cli.terminal.times import Since, read_time
from capture_forwarder.core.errors import SettingsError
from capture_forwarder.settings import Settings, load
from capture_forwarder.wiring.capture_files import find_capture_files, outputs_of, within
from capture_forwarder.wiring.forwarder import build_forwarder, read_routes

HELP = """Send capture files to the platform, one by one, as the function does.

Settings come from the environment, like the function's; options take precedence. With a routes
file (`--routes` or `FORWARDER_ROUTES`), each file goes by its routes; `--publisher`, `--database`,
`--files` and the mapping options define one route for everything and override `FORWARDER_ROUTES`.
Lines that cannot be forwarded go to the quarantine, by default the folder
`capture-forwarder-quarantine`.

Examples:

- `capture-forwarder forward captures/ --publisher duckdb --inputs age,income --outputs score`

- `capture-forwarder forward s3://my-bucket/datacapture/my-endpoint --publisher fiddler`

- `capture-forwarder forward captures/ --files rows/ --inputs age,income --outputs score`

- `capture-forwarder forward captures/ --routes routes.yaml`

Exit code: 0 when every file was delivered; 1 when a file failed; 2 for wrong usage or settings;
130 when interrupted.
"""


def forward(  # noqa: PLR0913 - one parameter an option
    addresses: options.Addresses,
    *,
    publisher: options.Publisher = None,
    database: options.Database = None,
    files: options.Files = None,
    files_format: options.FilesFormat = None,
    routes: options.Routes = None,
    quarantine: Annotated[
        str | None,
        typer.Option("--quarantine", metavar="ADDRESS", help="Folder or s3://bucket/prefix."),
    ] = None,
    since: Since = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Only files of before this time, in UTC."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="The most files to send.", show_default="all"),
    ] = None,
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
            **options.mapping_variables(
                inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
            ),
        }
        environment = options.environment_with(given, routes)
        if not environment.get("FORWARDER_QUARANTINE", "").strip():
            environment["FORWARDER_QUARANTINE"] = QUARANTINE
        settings = _settings(environment)
        sending = Sending(read_routes(settings), settings.routes_file, settings.quarantine)
        reporter = CollectingReporter()
        outputs_own = outputs_of(sending.routes, settings)
        found, store = find_capture_files(addresses, outputs_own, settings.max_line_bytes)
        found = within(found, first, end, limit)
        forwarder = build_forwarder(settings, store=store, reporter=reporter)
        outcomes = []
        for outcome in send_files(forwarder, found, quiet=as_json):
            outcomes.append(outcome)
            if as_json:
                say_json(outcome_json(outcome, sending))
    if as_json:
        say_json(summary_json(outcomes, sending, reporter.warnings))
    else:
        show_outcomes(outcomes, sending, reporter.warnings)
    if any(outcome.failed for outcome in outcomes):
        raise typer.Exit(1)


def _settings(environment: dict[str, str]) -> Settings:
    try:
        return load(environment)
    except SettingsError as error:
        if any("no column is configured" in problem for problem in error.problems):
            error.advice = "`capture-forwarder inspect` proposes columns for your files."
        raise
