"""`capture-forwarder report`: what has arrived of each endpoint and hour."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from capture_forwarder.cli.forward.sending import QUARANTINE
from capture_forwarder.cli.monitor.report_files import write_page
from capture_forwarder.cli.terminal.console import OUT, plain, say, say_json, user_errors
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.cli.terminal.times import Since, read_time
from capture_forwarder.monitor.arrived.counting import Arrived, EndpointArrivals
from capture_forwarder.monitor.arrived.page import render_arrivals
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.report.wording import figure, short_number
from capture_forwarder.wiring.arrived import arrivals_of

_MOST_HOURS = 48
_MOST_COLUMNS = 60

HELP = """Show what has arrived: calls, rows and what was refused, for each endpoint and hour.

PLACE is a DuckDB file that `forward` has filled, or a folder that the publisher `files` has
written. Of each column there are its nulls, its smallest, middle and largest value, and how many
values differ. `--html` writes all of it, hour by hour, as one page without any script.

What was rejected or refused is counted in the quarantine: by default the folder
`capture-forwarder-quarantine`, if it is there.

Examples:

- `capture-forwarder report capture-forwarder.duckdb`

- `capture-forwarder report capture-forwarder.duckdb --since 2026-03-01 --html arrived.html`

Exit code: 0; 1 when it cannot be read or the page cannot be written; 2 for wrong usage; 130 when
interrupted.
"""


def report(  # noqa: PLR0913 - one parameter an option
    place: Annotated[
        Path,
        typer.Argument(
            metavar="PLACE",
            help="A DuckDB file, or a folder of files with rows.",
            show_default=False,
        ),
    ],
    *,
    quarantine: Annotated[
        str | None,
        typer.Option(
            "--quarantine",
            metavar="ADDRESS",
            help="Folder or s3://bucket/prefix.",
            show_default=f"{QUARANTINE}, if it is there",
        ),
    ] = None,
    since: Since = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Only hours of before this time, in UTC."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page, too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what has arrived."""
    with user_errors():
        window = Window(read_time("--since", since), read_time("--until", until))
        if quarantine is None and Path(QUARANTINE).is_dir():
            quarantine = QUARANTINE
        arrivals = arrivals_of(place, quarantine, window)
        if html is not None:
            page = render_arrivals(arrivals, str(place), datetime.now(UTC))
            write_page(str(html), page, "--html")
    if as_json:
        say_json({"place": str(place), "endpoints": [_document(each) for each in arrivals]})
        return
    _show(arrivals, quarantine)
    if html is not None:
        say(f"{html} shows it hour by hour; open it in a browser.")


def _document(each: EndpointArrivals) -> dict[str, object]:
    return {
        "endpoint": each.total.endpoint,
        "all": _facts(each.total),
        "hours": [_facts(one) for one in each.hours],
    }


def _facts(one: Arrived) -> dict[str, object]:
    return {
        "hour": None if one.hour is None else one.hour.isoformat().replace("+00:00", "Z"),
        "calls": one.calls,
        "rows": one.rows,
        "nulls": one.nulls,
        "quarantined": dict(one.refused),
        "columns": msgspec.to_builtins(one.columns),
    }


def _show(arrivals: Sequence[EndpointArrivals], quarantine: str | None) -> None:
    numbers = ("calls", "rows", "nulls", "quarantined")
    table = new_table("What has arrived", "endpoint", "hour (UTC)", *numbers, numbers=numbers)
    for each in arrivals:
        for one in each.hours[-_MOST_HOURS:]:
            add(table, plain(one.endpoint), _hour(one), *_counts(one))
        if len(each.hours) > _MOST_HOURS:
            earlier = f"and {len(each.hours) - _MOST_HOURS} earlier"
            add(table, plain(each.total.endpoint), earlier, style="dim")
        add(table, plain(each.total.endpoint), "all", *_counts(each.total), style="bold")
    OUT.print(table)
    for each in arrivals:
        for reason, count in sorted(each.total.refused.items()):
            say(f"{plain(each.total.endpoint)}: {count} in the quarantine as {reason}")
    if any(each.total.refused for each in arrivals) and quarantine is not None:
        say(f"See why: capture-forwarder quarantine show {shlex.quote(quarantine)}")
    for each in arrivals:
        _show_columns(each.total)
    if not arrivals:
        say("Nothing has arrived in these hours.", style="yellow")


def _show_columns(one: Arrived) -> None:
    if not one.columns:
        return
    heads = ("nulls", "min", "median", "max", "distinct")
    table = new_table(f"Columns of {plain(one.endpoint)}", "column", "type", *heads, numbers=heads)
    for column in one.columns[:_MOST_COLUMNS]:
        ordered = (column.min, column.median, column.max)
        add(
            table,
            plain(column.name),
            column.type,
            short_number(column.nulls),
            *("" if value is None else figure(value) for value in ordered),
            short_number(column.distinct),
        )
    if len(one.columns) > _MOST_COLUMNS:
        add(table, f"... {len(one.columns) - _MOST_COLUMNS} more", style="dim")
    OUT.print(table)


def _counts(one: Arrived) -> list[str]:
    quarantined = sum(one.refused.values())
    return [short_number(count) for count in (one.calls, one.rows, one.nulls, quarantined)]


def _hour(one: Arrived) -> str:
    return "unknown" if one.hour is None else f"{one.hour:%Y-%m-%d %H:%M}"
