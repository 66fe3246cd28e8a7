"""Options that the monitor's commands share, and what they mean together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from capture_forwarder.cli.terminal import options
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.iso_time import parse_iso_time
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.opening import DataChoice
from capture_forwarder.monitor.engines.port import EngineName
from capture_forwarder.parser import ColumnMapping

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="CSV, JSON Lines or Parquet, a folder of these, a DuckDB file, capture files, "
        "s3://bucket/prefix or, on Spark, table:NAME.",
        show_default=False,
    ),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Only rows from this time on (ISO 8601, UTC)."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Only rows before this time.")
]
Hours = Annotated[
    int | None,
    typer.Option(
        "--hours",
        min=1,
        metavar="N",
        help="Only rows of so many hours before --until, or before this hour began.",
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="NAME", help="Only files in this endpoint's folders."),
]
Table = Annotated[
    str | None,
    typer.Option("--table", metavar="NAME", help="The table of a DuckDB file: the route's name."),
]
TimeColumn = Annotated[
    str | None,
    typer.Option(
        "--time-column",
        metavar="COLUMN",
        help="The column with the rows' times, where the data is in no folders of hours.",
    ),
]
NoHeader = Annotated[
    bool, typer.Option("--no-header", help="CSV files begin with a row of values, not of names.")
]
Exclude = Annotated[
    str | None,
    typer.Option("--exclude", metavar="LIST", help="Columns to leave out, with commas between."),
]
OnEngine = Annotated[
    EngineName,
    typer.Option(
        "--engine", metavar="WORD", help="What computes: `duckdb` on this machine, or `spark`."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def window_of(
    since: str | None, until: str | None, hours: int | None, now: Callable[[], datetime]
) -> Window:
    """Read the options of a window.

    Raises
    ------
    UsageError
        A time cannot be read, two options contradict each other, or the window is empty.
    """
    start, end = _time("--since", since), _time("--until", until)
    if hours is not None:
        if start is not None:
            raise UsageError("--since and --hours cannot be used together.")
        end = end or now().replace(minute=0, second=0, microsecond=0)
        start = end - timedelta(hours=hours)
    if start and end and start >= end:
        raise UsageError("The window is empty: --since is not before --until.")
    return Window(start, end)


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = parse_iso_time(text)
    except ValueError:
        problem = f"{option} is {text!r}, which is no time."
        raise UsageError(problem, "Write it as 2026-03-01 or 2026-03-01T10:00:00Z.") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def names_of(written: str | None) -> tuple[str, ...]:
    """Read a comma list of names."""
    return tuple(name for part in (written or "").split(",") if (name := part.strip()))


def data_choice(  # noqa: PLR0913 - one parameter an option
    window: Window,
    endpoint: str | None,
    table: str | None,
    time_column: str | None,
    *,
    no_header: bool,
    exclude: str | None,
) -> DataChoice:
    """Put the options together that choose rows and columns."""
    return DataChoice(
        Path(), window, endpoint, table, time_column, not no_header, names_of(exclude)
    )


def mapping_of(values: dict[str, str | None]) -> Callable[[], ColumnMapping]:
    """Give the mapping of options and environment, when it is asked for."""

    def given() -> ColumnMapping:
        environment = options.environment_with({**values}, None)
        mapping, _ = options.given_mapping(environment)
        if not mapping.inputs and not mapping.outputs:
            raise UsageError(
                "These are capture files, and it is not set which values become which columns.",
                "Add --inputs and --outputs. To find them: capture-forwarder inspect DATA",
            )
        return mapping

    return given
