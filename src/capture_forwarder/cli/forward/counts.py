"""The table of what became of each file that `forward` sent, and of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from capture_forwarder.cli.forward.outcomes import Outcome, Sending, add_up, reports_of
from capture_forwarder.cli.terminal.console import OUT, number_of, width_of
from capture_forwarder.cli.terminal.tables import (
    COUNTS,
    REFUSED,
    add,
    counts_of,
    long_name,
    new_table,
)
from capture_forwarder.core.report import FileReport
from capture_forwarder.settings import PublisherName

_MOST_ROWS = 40


def show_counts(outcomes: Sequence[Outcome], sending: Sending) -> None:
    """Print a row for each file and, with a routes file, for each of its routes.

    Parameters
    ----------
    outcomes
        What became of the files.
    sending
        Where they went.
    """
    table = _table(outcomes, sending, column=sending.file is not None)
    if sending.file is not None and width_of(table) > OUT.width:
        # Beside routes, names of files would be broken into snippets.
        table = _table(outcomes, sending, column=False)
    OUT.print(table)


def _table(outcomes: Sequence[Outcome], sending: Sending, *, column: bool) -> Table:
    """Make the table; a route has a column of its own, or stands below its file."""
    way = f"by {sending.file}" if sending.file else f"to {sending.publisher}"
    refused = [REFUSED] if add_up(reports_of(outcomes)).refused else []
    heads = ("file", *(["route"] if column else []), *COUNTS, *refused)
    table = new_table(f"Forwarded {way}", *heads, numbers=(*COUNTS, REFUSED), unbroken=("route",))

    def row(what: str, route: str, report: FileReport, style: str | None = None) -> None:
        below = f"{what}\n  {route}" if sending.file else what
        names = [what, route] if column else [below]
        numbers = [*counts_of(report), *([report.refused] if refused else [])]
        add(table, *names, *numbers, style=style)

    rows = list(_files(outcomes))
    for name, route, report in rows[:_MOST_ROWS]:
        row(name, route, report)
    if len(rows) > _MOST_ROWS:
        add(table, f"... {len(rows) - _MOST_ROWS} more files", style="dim")
    table.add_section()
    only = next(iter(sending.publishers)) if not rows else None
    for route, publisher in sending.publishers.items():
        reports = reports_of(outcomes, route)
        if reports or sending.file or route == only:
            table_name = sending.tables[route]
            where = f" in table {table_name}" if sending.publisher == PublisherName.DUCKDB else ""
            what = f"{number_of(len(reports), 'file', 'files')}{where}"
            row(what, f"{route} → {publisher}", add_up(reports), "bold")
    return table


def _files(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, str, FileReport]]:
    """Yield each file's name, a route and the accounting of it, as far as this run sent it."""
    for outcome in outcomes:
        for route, report in outcome.reports.items():
            if not report.repeated:
                yield long_name(outcome.file.capture_file, outcome.file.name), route, report
