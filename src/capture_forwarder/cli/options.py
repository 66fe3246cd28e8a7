"""Options that set settings, and the environment with them."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from capture_forwarder.columns import ColumnMapping
from capture_forwarder.settings import load
from capture_forwarder.settings.variables import TWINS

Places = Annotated[
    list[str],
    typer.Argument(
        metavar="PLACE...",
        help="Capture files, folders with such files, or s3://bucket/prefix.",
        show_default=False,
    ),
]

_PANEL = "Mapping (instead of the environment)"


def _mapping_option(*names: str, text: str, metavar: str) -> object:
    return typer.Option(
        *names, help=text, metavar=metavar, rich_help_panel=_PANEL, show_default=False
    )


Inputs = Annotated[
    str | None,
    _mapping_option(
        "--inputs",
        text="Columns of the request in captured order, as `column` or `column=source`.",
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
        "--metadata", text="Further columns, as `column=endpoint` and the like.", metavar="LIST"
    ),
]
InputPath = Annotated[
    str | None,
    _mapping_option(
        "--input-path", text="Where the records lie in a JSON request.", metavar="JMESPATH"
    ),
]
OutputPath = Annotated[
    str | None,
    _mapping_option(
        "--output-path", text="Where the records lie in a JSON response.", metavar="JMESPATH"
    ),
]
CsvHeader = Annotated[
    str | None,
    _mapping_option(
        "--csv-header",
        text="Whether CSV begins with a header row: absent or present.",
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
_UNSET = "unset"


def mapping_variables(*values: str | None) -> dict[str, str | None]:
    """Pair the options above, in their order, with the variables that they set."""
    return dict(zip(_VARIABLES, values, strict=True))


def environment_with(options: dict[str, str | None]) -> dict[str, str]:
    """Copy the environment and set what options give.

    Parameters
    ----------
    options
        Variable → value, None where the option was not given.
    """
    environment = dict(os.environ)
    for variable, value in options.items():
        if value is not None:
            # Who gives one of two names by an option means it instead of the other.
            environment.pop(TWINS.get(variable, ""), None)
            environment[variable] = value
    return environment


def given_mapping(environment: dict[str, str]) -> tuple[ColumnMapping, bool]:
    """Read as much of the mapping as is set; it need not be complete.

    Parameters
    ----------
    environment
        Variable → value.

    Returns
    -------
    tuple
        The mapping, without columns where none are set; whether the CSV header is settled.

    Raises
    ------
    SettingsError
        What is set is wrong.
    """
    outputs = ("FORWARDER_OUTPUT_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN")
    inputs = ("FORWARDER_INPUT_COLUMNS", "FIDDLER_MODEL_COLUMNS")
    bare = not any(environment.get(name, "").strip() for name in (*inputs, *outputs))
    # What the platform needs does not matter here, and one column always has to be there.
    needed = {"FORWARDER_PUBLISHER": "duckdb"} | ({outputs[0]: _UNSET} if bare else {})
    route = load(environment | needed).route
    mapping = route.mapping.columns if route else ColumnMapping()
    if bare:
        mapping = ColumnMapping(
            timestamp=mapping.timestamp,
            event_id=mapping.event_id,
            metadata=mapping.metadata,
            input_path=mapping.input_path,
            output_path=mapping.output_path,
            csv_header=mapping.csv_header,
        )
    return mapping, bool(environment.get("FORWARDER_CSV_HEADER", "").strip())
