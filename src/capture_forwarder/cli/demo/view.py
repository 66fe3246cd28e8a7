"""What the demo shows when it is done."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping

from capture_forwarder.cli.demo.place import DemoPlace
from capture_forwarder.cli.terminal.console import OUT, say
from capture_forwarder.cli.terminal.tables import (
    COUNTS,
    add,
    counts_of,
    new_table,
    rows_table,
    short_name,
)
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.report import FileReport
from capture_forwarder.settings import ONLY_ROUTE

_ROWS = 3


def show_demo(reports: Mapping[CaptureFile, FileReport], place: DemoPlace) -> None:
    """Print what arrived, what was rejected and why, the rows, and what to do next."""
    _show_arrived(reports)
    _show_rejected(place)
    table = place.table(_ROWS)
    title = f'The first of {table.count} rows in table "{ONLY_ROUTE}" of {place.database}'
    OUT.print(rows_table(title, table.rows, table.types))
    _show_next(place)


def _show_arrived(reports: Mapping[CaptureFile, FileReport]) -> None:
    table = new_table(
        "What arrived", "endpoint", "file", *COUNTS, numbers=COUNTS, unbroken=("endpoint",)
    )
    totals = [0] * len(COUNTS)
    for capture_file, report in reports.items():
        counts = counts_of(report)
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        add(table, capture_file.endpoint or "", short_name(capture_file.key), *counts)
    table.add_section()
    add(table, "", f"{len(reports)} files", *totals, style="bold")
    OUT.print(table)


def _show_rejected(place: DemoPlace) -> None:
    entries = place.entries()
    if not entries:
        return
    counts = Counter(entry.reason for entry in entries)
    examples: dict[str, QuarantineEntry] = {}
    for entry in entries:
        examples.setdefault(entry.reason, entry)
    table = new_table(
        "What was rejected, and why",
        "reason",
        "lines",
        "for example",
        "why",
        numbers=("lines",),
        unbroken=("reason",),
    )
    for reason, entry in examples.items():
        where = f"line {entry.line_number} of {short_name(entry.key)}"
        add(table, reason, counts[reason], where, entry.detail)
    OUT.print(table)
    say(f"Rejected lines are stored whole, with their reasons, in {place.quarantine}/")


def _show_next(place: DemoPlace) -> None:
    query = f"FROM {ONLY_ROUTE} SELECT endpoint, count(*), avg(score) GROUP BY endpoint"
    path = str(place.database)
    script = f"import duckdb; duckdb.connect({path!r}).table({ONLY_ROUTE!r}).show()"
    say()
    say("Query the rows", style="bold")
    say(f"  duckdb {shlex.quote(path)} {shlex.quote(query)}")
    say(f'  python -c "{script}"')
    say()
    say("Next", style="bold")
    say("  capture-forwarder inspect FILE-OR-FOLDER-OR-S3-ADDRESS   settings for your own captures")
    say("  capture-forwarder forward ... --publisher duckdb         try them")
    say("  sam build && sam deploy --guided                         forward every new file")
