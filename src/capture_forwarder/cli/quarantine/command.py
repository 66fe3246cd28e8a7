"""`capture-forwarder quarantine`: look at rejected lines and send them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from capture_forwarder.cli.forward.view import Sending
from capture_forwarder.cli.quarantine.redrive_view import Done, show_done
from capture_forwarder.cli.quarantine.view import (
    Contents,
    show_contents,
    show_entry,
    show_problems,
)
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import ERR, user_errors
from capture_forwarder.core.errors import ForwarderError, UsageError
from capture_forwarder.core.rejection import Reason
from capture_forwarder.forwarding.route import check_columns, complete
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.parser import compile_mapping
from capture_forwarder.quarantine.place import (
    Kept,
    QuarantineFiles,
    open_place,
    read_entries,
)
from capture_forwarder.quarantine.redrive import Redrive, Selection
from capture_forwarder.quarantine.sender import Sender
from capture_forwarder.settings import RouteSettings, Settings, load
from capture_forwarder.wiring.publishers import build_publisher
from capture_forwarder.wiring.routes_place import routes_of

app = typer.Typer(
    help="Look at the lines that could not be delivered, and send them again.",
    no_args_is_help=True,
)

_LIST_HELP = """Count what is in a quarantine, by reason, capture object and route.

Example: `capture-forwarder quarantine list s3://my-bucket/quarantine`
"""
_SHOW_HELP = """Show entries: why they were rejected, where they come from, and the captured line.

The lines are captured data: mind who sees your terminal. `--json` prints them whole.

Example: `capture-forwarder quarantine show s3://my-bucket/quarantine --reason invalid-json`
"""
_REDRIVE_HELP = """Send the entries of a quarantine again, by the settings of now.

Each entry's line goes through the function's own parser and publisher, with the ids it had
before. Delivered entries are taken out of the quarantine, those that are rejected again stay with
their new reason. Settings come from the environment; options win over them. With a routes file
(`--routes` or `FORWARDER_ROUTES`) entries go by their own route; `--publisher`, `--database` and
the mapping options mean one route for everything, and leave `FORWARDER_ROUTES` out.

Examples:

- `capture-forwarder quarantine redrive s3://my-bucket/quarantine --dry-run`

- `capture-forwarder quarantine redrive s3://my-bucket/quarantine --inputs age,income`

Exit code: 0 when everything was delivered, 1 when something stays, 2 for wrong usage or settings.
"""

_Place = Annotated[
    str,
    typer.Argument(metavar="PLACE", help="A folder, or s3://bucket/prefix.", show_default=False),
]
_ReasonOption = Annotated[
    Reason | None,
    typer.Option("--reason", help="Only entries with this reason.", show_default=False),
]


@app.command("list", help=_LIST_HELP)
def list_entries(
    place: _Place,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count what is in a quarantine."""
    contents = Contents()
    problems: list[ForwarderError] = []
    with user_errors():
        files = open_place(place)
        for _, kept in _read_all(files, problems, quiet=as_json):
            contents.add(kept)
    show_contents(place, contents, problems, as_json=as_json)
    if problems:
        raise typer.Exit(1)


@app.command("show", help=_SHOW_HELP)
def show(
    place: _Place,
    *,
    reason: _ReasonOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most entries to show.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object an entry.")
    ] = False,
) -> None:
    """Show entries."""
    shown = 0
    problems: list[ForwarderError] = []
    with user_errors():
        for name, kept in _read_all(open_place(place), problems, quiet=True):
            for one in kept:
                if shown < limit and reason in {None, one.entry.reason}:
                    shown += 1
                    show_entry(name, one.entry, as_json=as_json)
            if shown == limit:
                break
    show_problems(problems)
    if problems:
        raise typer.Exit(1)


@app.command("redrive", help=_REDRIVE_HELP)
def redrive(  # noqa: PLR0913 - one parameter an option
    place: _Place,
    *,
    reason: _ReasonOption = None,
    route: Annotated[
        str | None,
        typer.Option("--route", metavar="NAME", help="Only entries of this route."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; send and change nothing.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the quarantine as it is, also what was delivered.")
    ] = False,
    publisher: options.Publisher = None,
    database: options.Database = None,
    routes: options.Routes = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    timestamp: options.Timestamp = None,
    event_id: options.EventId = None,
    metadata: options.Metadata = None,
    input_path: options.InputPath = None,
    output_path: options.OutputPath = None,
    csv_header: options.CsvHeader = None,
) -> None:
    """Send entries again."""
    with user_errors():
        given = {
            **options.publisher_variables(publisher, database),
            **options.mapping_variables(
                inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
            ),
        }
        settings = load(options.environment_with(given, routes))
        sending = Sending(routes_of(settings), settings.routes_file)
        files = open_place(place)
        found = files.names()
        work = Redrive(
            files,
            _senders(sending, settings, route, dry_run=dry_run),
            Selection(reason, dry_run=dry_run, keep=keep),
        )
        _run(work, found, quiet=as_json)
    done = Done(place, sending, work.tally, dry_run, settings.max_line_bytes)
    show_done(done, as_json=as_json)
    if not work.tally.complete:
        raise typer.Exit(1)


def _senders(
    sending: Sending, settings: Settings, only: str | None, *, dry_run: bool
) -> dict[str, Callable[[], Sender]]:
    """Say which entries go by which route of now.

    The environment's one route takes its own entries, or those of another that the user names: a
    route that is gone, or has another name by now.
    """
    if not sending.file:
        sender = _sender(sending.routes[0], settings, dry_run=dry_run)
        return {only or sending.routes[0].name: lambda: sender}
    if only is not None and only not in sending.platforms:
        names = ", ".join(sending.platforms)
        message = f"{sending.file} has no route {only}; its routes are: {names}."
        raise UsageError(message, "Options for mapping and publisher send them without a file.")
    return {
        route.name: partial(_sender, route, settings, dry_run=dry_run)
        for route in sending.routes
        if only in {None, route.name}
    }


def _sender(route: RouteSettings, settings: Settings, *, dry_run: bool) -> Sender:
    clock = SystemClock()
    publisher = build_publisher(route, settings, clock)
    schema = publisher.schema()
    mapping = complete(route.mapping.columns, schema)
    check_columns(mapping, schema)
    deliverer = BatchSender(publisher, clock, retry_seconds=settings.retry_seconds)
    parser = compile_mapping(mapping, schema)
    return Sender(parser, deliverer, publisher.limits, dry_run=dry_run)


def _run(work: Redrive, found: list[tuple[str, int]], *, quiet: bool) -> None:
    with _progress(quiet=quiet) as progress:
        task = progress.add_task("0 entries", total=sum(size for _, size in found))
        for size in work.run(found):
            total = work.tally.total
            told = f"{total.entries} entries, {total.delivered} delivered"
            progress.update(task, advance=size, description=told)


def _read_all(
    files: QuarantineFiles, problems: list[ForwarderError], *, quiet: bool
) -> Iterator[tuple[str, list[Kept]]]:
    """Read one file after the other; one that cannot be used does not stop the others."""
    found = files.names()
    with _progress(quiet=quiet) as progress:
        task = progress.add_task(f"{len(found)} files", total=sum(size for _, size in found))
        for name, size in found:
            try:
                kept = read_entries(name, files.read(name)[0])
            except ForwarderError as error:
                problems.append(error)
            else:
                yield name, kept
            progress.update(task, advance=size)


def _progress(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    shown = ERR.is_terminal and not quiet
    return Progress(*columns, console=ERR, transient=True, disable=not shown)
