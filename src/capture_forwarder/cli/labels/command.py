"""`capture-forwarder labels`: send ground truth after the predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from capture_forwarder.cli.forward.document import summary_json
from capture_forwarder.cli.forward.outcomes import Sending
from capture_forwarder.cli.forward.sending import INTERRUPTED, QUARANTINE, send_files
from capture_forwarder.cli.forward.view import show_cleared, show_interrupt, show_outcomes
from capture_forwarder.cli.terminal import options
from capture_forwarder.cli.terminal.console import say, say_json, user_errors
from capture_forwarder.cli.terminal.named_publisher import load_with_publisher
from capture_forwarder.cli.terminal.option_names import OptionNames
from capture_forwarder.cli.terminal.plain_help import PlainTyper
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.core.errors import UsageError
from capture_forwarder.settings import PublisherName, RouteSettings, Settings, load
from capture_forwarder.settings.variables import LABELS
from capture_forwarder.wiring.capture_files import find_capture_files, outputs_of
from capture_forwarder.wiring.forwarder import build_forwarder, read_routes
from capture_forwarder.wiring.labels import LABEL_SUFFIXES, only_labels, only_table

app = PlainTyper(help="Send labels (ground truth) after the predictions.", no_args_is_help=True)

_TABLE = "FORWARDER_LABEL_INFERENCES"

_HELP = """Send files of labels (ground truth) to the platform that has the inferences.

Files hold SageMaker's ground truth, Model Monitor's merged lines, JSON objects, or tables (CSV;
Parquet where DuckDB is installed) with a column for the id and one for each label. A label
changes the inference of its id and never makes one; the last label of an id wins. Settings come
from the environment; options take precedence. With a routes file, each file goes by the routes
with `labels:` that match it, or by the one that `--route` names. Lines that cannot be assigned go
to the quarantine.

Examples:

- `capture-forwarder labels send labels.csv --publisher fiddler --columns churned=label`

- `capture-forwarder labels send s3://my-bucket/ground-truth --routes routes.yaml`

- `capture-forwarder labels send labels/ --database rows.duckdb`

Exit code: 0 when every file was delivered; 1 when a file failed; 2 for wrong usage or settings;
130 when interrupted.
"""

_NOTES = {
    PublisherName.FIDDLER: (
        "Fiddler changes nothing for an id that it does not have yet, and does not say so: send "
        "labels again if they came before their inferences."
    ),
}


@app.command("send", help=_HELP)
def send(  # noqa: PLR0913 - one parameter an option
    addresses: Annotated[
        list[str],
        typer.Argument(
            metavar="ADDRESS",
            help="Files of labels, folders that hold them, or s3://bucket/prefix.",
            show_default=False,
        ),
    ],
    *,
    publisher: options.Publisher = None,
    database: options.Database = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            metavar="NAME",
            help="The DuckDB table that the labels are for.",
            show_default="the only one with rows",
        ),
    ] = None,
    routes: options.Routes = None,
    route: Annotated[
        str | None,
        typer.Option(
            "--route",
            metavar="NAME",
            help="The route of the routes file to send by, whatever it matches.",
        ),
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="COLUMN", help="Column of tables with the id.", show_default="`id`"
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="LIST",
            help="Columns that labels fill, as `column` or `column=name in the files`.",
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="COLUMN", help="Column of tables with the time of a label."),
    ] = None,
    quarantine: Annotated[
        str | None,
        typer.Option("--quarantine", metavar="ADDRESS", help="Folder or s3://bucket/prefix."),
    ] = None,
    ledger: options.Ledger = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per file, then a summary.")
    ] = False,
) -> None:
    """Send files of labels."""
    with user_errors():
        given = {
            **options.publisher_variables(publisher, database),
            "FORWARDER_LABEL_ID": id_column,
            "FORWARDER_LABEL_COLUMNS": columns,
            "FORWARDER_LABEL_TIME": time,
            _TABLE: table,
            "FORWARDER_QUARANTINE": quarantine,
            "FORWARDER_LEDGER": ledger,
        }
        spell = OptionNames({**given, "FORWARDER_ROUTES": routes})
        with spell.in_errors():
            settings = _settings(options.environment_with(given, routes))
            taken = _routes(settings, route)
        sending = Sending(taken, settings.routes_file, settings.quarantine, addresses, spell)
        outputs = outputs_of(read_routes(settings), settings)
        found, store = find_capture_files(
            addresses, outputs, suffixes=LABEL_SUFFIXES, kind="files of labels"
        )
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
    outcomes = sent.outcomes
    warnings = [*reporter.warnings, *_warnings(taken, settings)]
    if as_json:
        say_json(summary_json(sent, sending, warnings))
    else:
        show_outcomes(outcomes, sending, warnings)
        for name in dict.fromkeys(one.publisher_name for one in taken):
            if name in _NOTES:
                say(_NOTES[name], style="dim")
    unrouted = sum(outcome.skipped == "No route matches it." for outcome in outcomes)
    if unrouted and not as_json:
        say("Name the route with --route to send files by it wherever they are.", style="yellow")
    if not as_json:
        show_cleared(sent.cleared, sending)
    if sent.interrupted:
        show_interrupt(outcomes, len(found), settings.ledger)
        raise typer.Exit(INTERRUPTED)
    if any(outcome.failed for outcome in outcomes):
        raise typer.Exit(1)


def _settings(environment: dict[str, str]) -> Settings:
    """Read the settings; without a routes file, of a route with labels, set or not."""
    values = {name: text for name, text in environment.items() if text.strip()}
    if "FORWARDER_ROUTES" not in values and not any(name in values for name in LABELS):
        environment["FORWARDER_LABEL_ID"] = "id"
    if "FORWARDER_QUARANTINE" not in values:
        environment["FORWARDER_QUARANTINE"] = QUARANTINE
    settings = load_with_publisher(environment)
    if _TABLE not in values and (table := only_table(settings)):
        return load(environment | {_TABLE: table})
    return settings


def _routes(settings: Settings, name: str | None) -> Sequence[RouteSettings]:
    if name is not None and settings.routes_file is None:
        problem = "--route names a route of a routes file, and there is none."
        raise UsageError(problem, "Name the file with --routes, or leave --route out.")
    return only_labels(read_routes(settings), settings.routes_file, name)


def _warnings(routes: Sequence[RouteSettings], settings: Settings) -> Iterator[str]:
    feedback = any(one.publisher_name is PublisherName.OPENSCALE for one in routes)
    if feedback and settings.ledger is None:
        yield (
            "OpenScale stores feedback that is sent again twice; add `--ledger ledger.sqlite`, "
            "so that a second run knows what was sent"
        )
