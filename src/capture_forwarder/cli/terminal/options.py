"""Options that set settings, and the environment with them."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from capture_forwarder.core.errors import UsageError
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.settings import PublisherName, load
from capture_forwarder.settings.variables import PARTNER_APP, PARTNER_APP_URL, ROUTE, TWINS

Addresses = Annotated[
    list[str],
    typer.Argument(
        metavar="ADDRESS",
        help="Capture files, folders that hold them, or s3://bucket/prefix.",
        show_default=False,
    ),
]

Publisher = Annotated[
    PublisherName | None,
    typer.Option(
        "--publisher",
        metavar="NAME",
        help=f"Which publisher the rows go to: {', '.join(PublisherName)}.",
        show_default=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option("--database", metavar="PATH", help="DuckDB file; means --publisher duckdb."),
]
Table = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="NAME",
        help="The DuckDB table for all rows.",
        show_default="one for each endpoint",
    ),
]
Files = Annotated[
    str | None,
    typer.Option(
        "--files", metavar="ADDRESS", help="Folder or s3://bucket/prefix; means --publisher files."
    ),
]
FilesFormat = Annotated[
    str | None,
    typer.Option(
        "--files-format",
        metavar="WORD",
        help="How files are written: json-lines (the default), json-array or parquet.",
    ),
]
Routes = Annotated[
    str | None,
    typer.Option(
        "--routes",
        metavar="FILE",
        help="Routes file (a path, s3:// or ssm://); replaces the routes of the environment.",
    ),
]
Ledger = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="PATH",
        help="SQLite file that keeps what is done, so that a next run passes over it.",
    ),
]

_PANEL = "Mapping (takes precedence over the environment)"


def _mapping_option(*names: str, text: str, metavar: str) -> object:
    return typer.Option(
        *names, help=text, metavar=metavar, rich_help_panel=_PANEL, show_default=False
    )


Inputs = Annotated[
    str | None,
    _mapping_option(
        "--inputs",
        text="Columns of the request, in captured order, as `column` or `column=source`.",
        metavar="LIST",
    ),
]
Outputs = Annotated[
    str | None, _mapping_option("--outputs", text="Columns of the response.", metavar="LIST")
]
Timestamp = Annotated[
    str | None,
    _mapping_option("--timestamp", text="Column for the time of the call.", metavar="COLUMN"),
]
EventId = Annotated[
    str | None,
    _mapping_option("--event-id", text="Column for the id of the inference.", metavar="COLUMN"),
]
Metadata = Annotated[
    str | None,
    _mapping_option(
        "--metadata", text="Metadata columns, such as `column=endpoint`.", metavar="LIST"
    ),
]
InputPath = Annotated[
    str | None,
    _mapping_option(
        "--input-path", text="Where the records are in a JSON request.", metavar="JMESPATH"
    ),
]
OutputPath = Annotated[
    str | None,
    _mapping_option(
        "--output-path", text="Where the records are in a JSON response.", metavar="JMESPATH"
    ),
]
CsvHeader = Annotated[
    str | None,
    _mapping_option(
        "--csv-header",
        text="Whether CSV payloads begin with a header row: absent or present.",
        metavar="WORD",
    ),
]

_VARIABLES = (
    "FORWARDER_INPUT_COLUMNS",
    "FORWARDER_OUTPUT_COLUMNS",
    "FORWARDER_TIMESTAMP_COLUMN",
    "FORWARDER_EVENT_ID_COLUMN",
    "FORWARDER_METADATA_COLUMNS",
    "FORWARDER_INPUT_PATH",
    "FORWARDER_OUTPUT_PATH",
    "FORWARDER_CSV_HEADER",
)
_ROUTES = "FORWARDER_ROUTES"
_UNSET = "unset"


def mapping_variables(*values: str | None) -> dict[str, str | None]:
    """Pair the options above, in their order, with the variables that they set."""
    return dict(zip(_VARIABLES, values, strict=True))


def environment_with(options: dict[str, str | None], routes: str | None = None) -> dict[str, str]:
    """Copy the environment, and set what options give.

    An option that is part of a route defines the one route: the environment's routes file is then
    ignored.

    Parameters
    ----------
    options
        Variable → value, None where the option was not given.
    routes
        A routes file that replaces the environment's route or routes.

    Raises
    ------
    UsageError
        There is both a routes file and an option that is part of a route.
    """
    environment = dict(os.environ)
    of_route = [name for name, value in options.items() if value is not None and name in ROUTE]
    if routes is not None:
        if of_route:
            problem = "--routes and options for the mapping or publisher cannot be used together."
            advice = "The routes of a routes file have a mapping and a publisher of their own."
            raise UsageError(problem, advice)
        for name in (*ROUTE, PARTNER_APP, PARTNER_APP_URL):
            environment.pop(name, None)
        environment[_ROUTES] = routes
    elif of_route:
        environment.pop(_ROUTES, None)
    for variable, value in options.items():
        if value is not None:
            # An option for a setting replaces it under both of its names.
            environment.pop(TWINS.get(variable, ""), None)
            environment[variable] = value
    return environment


def publisher_variables(
    publisher: PublisherName | None,
    database: str | None,
    files: str | None = None,
    files_format: str | None = None,
) -> dict[str, str | None]:
    """Pair the options for a publisher with the variables that they set.

    Parameters
    ----------
    publisher, database, files, files_format
        What `--publisher`, `--database`, `--files` and `--files-format` say.

    Raises
    ------
    UsageError
        An option of one publisher is given, and another publisher.
    """
    for option, value, meant in (
        ("--database", database, PublisherName.DUCKDB),
        ("--files", files, PublisherName.FILES),
        ("--files-format", files_format, PublisherName.FILES),
    ):
        if value is not None:
            if publisher not in {None, meant}:
                raise UsageError(f"{option} can only be used with --publisher {meant}.")
            publisher = meant
    return {
        "FORWARDER_PUBLISHER": publisher and publisher.value,
        "FORWARDER_DUCKDB_PATH": database,
        "FORWARDER_FILES": files,
        "FORWARDER_FILES_FORMAT": files_format,
    }


def given_mapping(environment: dict[str, str]) -> tuple[ColumnMapping, bool]:
    """Read what is set of the mapping; it need not be complete.

    Parameters
    ----------
    environment
        Variable → value.

    Returns
    -------
    tuple
        The mapping, without columns where none are set; whether the CSV header is set.

    Raises
    ------
    SettingsError
        What is set is wrong.
    """
    outputs = ("FORWARDER_OUTPUT_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN")
    inputs = ("FORWARDER_INPUT_COLUMNS", "FIDDLER_MODEL_COLUMNS")
    bare = not any(environment.get(name, "").strip() for name in (*inputs, *outputs))
    # What the publisher needs does not matter here, and at least one column has to be there.
    needed = {"FORWARDER_PUBLISHER": "duckdb"} | ({outputs[0]: _UNSET} if bare else {})
    alone = {name: value for name, value in environment.items() if name != _ROUTES}
    route = load(alone | needed).route
    mapping = route.mapping.columns if route else ColumnMapping()
    if bare:
        mapping = ColumnMapping(
            timestamp=mapping.timestamp,
            event_id=mapping.event_id,
            metadata=mapping.metadata,
            input_path=mapping.input_path,
            output_path=mapping.output_path,
            csv_header=mapping.csv_header,
            shadow=mapping.shadow,
        )
    return mapping, bool(environment.get("FORWARDER_CSV_HEADER", "").strip())
