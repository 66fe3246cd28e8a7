"""`capture-forwarder quarantine`: look at rejected and refused lines, and send them again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, TextColumn

from capture_forwarder.cli.forward.outcomes import Sending
from capture_forwarder.cli.quarantine.redrive_view import Done, show_done
from capture_forwarder.cli.quarantine.view import show_contents, show_discarded, show_entry
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import say, show_problems, user_errors
from capture_forwarder.cli.terminal.named_publisher import load_with_publisher
from capture_forwarder.cli.terminal.option_names import OptionNames
from capture_forwarder.cli.terminal.plain_help import PlainTyper
from capture_forwarder.cli.terminal.progress import TransientProgress
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.core.errors import ForwarderError, UsageError
from capture_forwarder.core.ports.operator import QuarantineFiles
from capture_forwarder.core.rejection import Reason
from capture_forwarder.quarantine.contents import Contents
from capture_forwarder.quarantine.dropping import drop_entries
from capture_forwarder.quarantine.entries import FileEntries, read_files
from capture_forwarder.quarantine.redrive import Redrive, Selection
from capture_forwarder.wiring.quarantine import build_redrive, open_quarantine
from capture_forwarder.wiring.routes import routes_of

app = PlainTyper(
    help="Look at the lines that could not be delivered, and send them again.",
    no_args_is_help=True,
)

_COLUMNS = "Name them by --inputs and --outputs, as you would to `capture-forwarder forward`."

_LIST_HELP = """Count the entries of a quarantine by reason, capture file and route.

Example: `capture-forwarder quarantine list s3://my-bucket/quarantine`

Exit code: 0; 1 when a file cannot be read; 2 for wrong usage; 130 when interrupted.
"""
_SHOW_HELP = """Show entries: why they were rejected or refused, where they come from, and the line.

The lines are captured data: mind who sees your terminal. `--json` prints them whole.

Example: `capture-forwarder quarantine show s3://my-bucket/quarantine --reason invalid-json`

Exit code: 0; 1 when a file cannot be read; 2 for wrong usage; 130 when interrupted.
"""
_DISCARD_HELP = """Delete entries for good, unsent: what nobody wants to deliver.

Without `--apply` it only counts them. Name a reason or a route, or `--all`.

Examples:

- `capture-forwarder quarantine discard s3://my-bucket/quarantine --reason error-response`

- `capture-forwarder quarantine discard s3://my-bucket/quarantine --reason error-response --apply`

Exit code: 0; 1 when a file cannot be read or changed; 2 for wrong usage; 130 when interrupted.
"""
_REDRIVE_HELP = """Send the entries of a quarantine again, with the present settings.

Each line is parsed and published exactly as the function does it, with the ids that it had
before. Delivered entries leave the quarantine; entries that are rejected or refused again stay,
with their new reason. Settings come from the environment; options take precedence. With a routes
file (`--routes` or `FORWARDER_ROUTES`), each entry goes by the route it came by. `--publisher`,
`--database`, `--files` and the mapping options define one route for everything and override
`FORWARDER_ROUTES`.

Examples:

- `capture-forwarder quarantine redrive s3://my-bucket/quarantine --dry-run`

- `capture-forwarder quarantine redrive s3://my-bucket/quarantine --inputs age,income`

Exit code: 0 when everything was delivered; 1 when something stays; 2 for wrong usage or settings;
130 when interrupted.
"""

_Address = Annotated[
    str,
    typer.Argument(metavar="ADDRESS", help="A folder, or s3://bucket/prefix.", show_default=False),
]
_ReasonOption = Annotated[
    Reason | None,
    typer.Option(
        "--reason",
        metavar="REASON",
        help="Only entries with this reason, such as invalid-json.",
        show_default=False,
    ),
]
_RouteOption = Annotated[
    str | None,
    typer.Option("--route", metavar="NAME", help="Only entries of this route."),
]


@app.command("list", help=_LIST_HELP)
def list_entries(
    address: _Address,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count the entries of a quarantine."""
    contents = Contents()
    with user_errors():
        for file in _read_all(open_quarantine(address), quiet=as_json):
            contents.add(file)
    show_contents(address, contents, as_json=as_json)
    if contents.problems:
        raise typer.Exit(1)


@app.command("show", help=_SHOW_HELP)
def show(
    address: _Address,
    *,
    reason: _ReasonOption = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="The most entries to show.")
    ] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per entry.")
    ] = False,
) -> None:
    """Show entries."""
    shown = 0
    problems: list[ForwarderError] = []
    with user_errors():
        for file in _read_all(open_quarantine(address), quiet=True):
            if file.problem is not None:
                problems.append(file.problem)
            for entry in (stored.entry for stored in file.entries):
                if shown < limit and reason in {None, entry.reason}:
                    shown += 1
                    show_entry(file.name, entry, as_json=as_json)
            if shown == limit:
                break
    if not shown and not problems and not as_json:
        say(f"{address} holds no entries{f' with the reason {reason}' if reason else ''}.")
    show_problems(problems)
    if problems:
        raise typer.Exit(1)


@app.command("discard", help=_DISCARD_HELP)
def discard(  # noqa: PLR0913 - one parameter an option
    address: _Address,
    *,
    reason: _ReasonOption = None,
    route: _RouteOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All entries.")] = False,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Delete them. Without it, the command only counts them."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Delete entries."""
    with user_errors():
        if reason is None and route is None and not everything:
            problem = "It is not said which entries to delete."
            raise UsageError(problem, "Name them: --reason REASON, --route NAME or --all.")
        files = open_quarantine(address)
        dropped = drop_entries(
            files,
            files.names(),
            lambda entry: reason in {None, entry.reason} and route in {None, entry.route},
            apply=apply,
        )
    show_discarded(address, dropped, applied=apply, as_json=as_json)
    if dropped.problems:
        raise typer.Exit(1)


@app.command("redrive", help=_REDRIVE_HELP)
def redrive(  # noqa: PLR0913 - one parameter an option
    address: _Address,
    *,
    reason: _ReasonOption = None,
    route: _RouteOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen; send and change nothing.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave delivered entries in the quarantine, too.")
    ] = False,
    publisher: options.Publisher = None,
    database: options.Database = None,
    files: options.Files = None,
    files_format: options.FilesFormat = None,
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
            **options.publisher_variables(publisher, database, files, files_format),
            **options.mapping_variables(
                inputs, outputs, timestamp, event_id, metadata, input_path, output_path, csv_header
            ),
        }
        spell = OptionNames({**given, "FORWARDER_ROUTES": routes})
        with spell.in_errors():
            environment = options.environment_with(given, routes)
            settings = load_with_publisher(environment, _COLUMNS)
            present = routes_of(settings)
        sending = Sending(present, settings.routes_file, spell=spell)
        reporter = CollectingReporter()
        entries = open_quarantine(address)
        found = entries.names()
        selection = Selection(reason, route, dry_run=dry_run, keep=keep)
        work = build_redrive(sending.routes, settings, entries, selection, reporter)
        _run(work, found, quiet=as_json)
    done = Done(
        address, sending, work.tally, dry_run, settings.max_line_bytes, tuple(reporter.warnings)
    )
    show_done(done, as_json=as_json)
    if not work.tally.complete:
        raise typer.Exit(1)


def _run(work: Redrive, found: list[tuple[str, int]], *, quiet: bool) -> None:
    with _progress(quiet=quiet) as progress:
        task = progress.add_task("0 entries", total=sum(size for _, size in found))
        for size in work.run(found):
            total = work.tally.total
            told = f"{total.entries} entries, {total.delivered} delivered"
            progress.update(task, advance=size, description=told)


def _read_all(files: QuarantineFiles, *, quiet: bool) -> Iterator[FileEntries]:
    """Read one file after the other, and show how far that is."""
    found = files.names()
    with _progress(quiet=quiet) as progress:
        task = progress.add_task(f"{len(found)} files", total=sum(size for _, size in found))
        for file in read_files(files, found):
            yield file
            progress.update(task, advance=file.size)


def _progress(*, quiet: bool) -> TransientProgress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    return TransientProgress(*columns, quiet=quiet)
