"""`capture-forwarder forward`: send capture files by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from capture_forwarder.cli.forward.view import (
    Outcome,
    Sending,
    outcome_json,
    show_outcomes,
    summary_json,
)
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import ERR, say_json, user_errors
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.cli.terminal.times import Since, read_time
from capture_forwarder.core.errors import ForwarderError, SettingsError, UnexpectedError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.settings import Settings, load
from capture_forwarder.wiring.capture_files import find_capture_files, outputs_of, within
from capture_forwarder.wiring.forwarder import build_forwarder, read_routes

_QUARANTINE = "capture-forwarder-quarantine"
HELP = """Send capture files to the platform, one by one, as the function does.

Settings come from the environment, like the function's; options take precedence. With a routes
file (`--routes` or `FORWARDER_ROUTES`), each file goes by its routes; `--publisher`, `--database`
and the mapping options define one route for everything and override `FORWARDER_ROUTES`. Lines
that cannot be forwarded go to the quarantine, by default the folder
`capture-forwarder-quarantine`.

Examples:

- `capture-forwarder forward captures/ --publisher duckdb --inputs age,income --outputs score`

- `capture-forwarder forward s3://my-bucket/datacapture/my-endpoint --publisher fiddler`

- `capture-forwarder forward captures/ --routes routes.yaml`

Exit code: 0 when every file was delivered; 1 when a file failed; 2 for wrong usage or settings;
130 when interrupted.
"""


def forward(  # noqa: PLR0913 - one parameter an option
    addresses: options.Addresses,
    *,
    publisher: options.Publisher = None,
    database: options.Database = None,
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
            **options.publisher_variables(publisher, database),
            "FORWARDER_QUARANTINE": quarantine,
            **options.mapping_variables(
                inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
            ),
        }
        environment = options.environment_with(given, routes)
        if not environment.get("FORWARDER_QUARANTINE", "").strip():
            environment["FORWARDER_QUARANTINE"] = _QUARANTINE
        settings = _settings(environment)
        sending = Sending(read_routes(settings), settings.routes_file, settings.quarantine)
        reporter = CollectingReporter()
        found, store = find_capture_files(addresses, outputs_of(sending.routes, settings))
        found = within(found, first, end, limit)
        forwarder = build_forwarder(settings, store=store, reporter=reporter)
        outcomes = []
        for outcome in _send(forwarder, found, quiet=as_json):
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


def _send(forwarder: Forwarder, found: Sequence[FoundFile], *, quiet: bool) -> Iterator[Outcome]:
    """Forward the files one after the other; one that fails does not stop the others."""
    down: dict[str, ForwarderError] = {}
    outcomes = (_outcome(forwarder, file, down) for file in found)
    if quiet or not ERR.is_terminal:
        yield from outcomes
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task(f"0 of {len(found)} files", total=sum(file.size for file in found))
        for number, outcome in enumerate(outcomes, start=1):
            told = f"{number} of {len(found)} files"
            progress.update(task, advance=outcome.file.size, description=told)
            yield outcome


def _outcome(forwarder: Forwarder, file: FoundFile, down: dict[str, ForwarderError]) -> Outcome:
    try:
        if forwarder.is_output(file.capture_file):
            return Outcome(file, skipped="The forwarder itself wrote it.")
        routes = forwarder.forward(file.capture_file, down)
    except ForwarderError as error:
        return Outcome(file, error=error)
    except Exception as error:  # noqa: BLE001 - ends as a failure of this file, never as a success
        return Outcome(file, error=UnexpectedError(file.name, error))
    return Outcome(file, routes, skipped="" if routes else "No route matches it.")
