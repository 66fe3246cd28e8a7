"""What the demo shows when it is done."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import which

from capture_forwarder.cli.demo.monitoring import ENDPOINT, LEFT_OUT, SCHEDULE, Monitored
from capture_forwarder.cli.demo.month_later import CHANGES
from capture_forwarder.cli.demo.place import DemoPlace
from capture_forwarder.cli.monitor.view import show_finished
from capture_forwarder.cli.terminal.console import ERR, OUT, complain, number_of, say
from capture_forwarder.cli.terminal.tables import (
    COUNTS,
    add,
    counts_of,
    new_table,
    rows_table,
    short_name,
)
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.report import FileReport
from capture_forwarder.settings import ONLY_ROUTE

_ROWS = 3
_COMMAND = "capture-forwarder"


def show_arrived(reports: Mapping[CaptureFile, FileReport], place: DemoPlace) -> int:
    """Print what arrived, what was rejected and why, and the first rows; return how many rows."""
    _show_counts(reports)
    _show_rejected(place)
    table = place.table(_ROWS)
    title = f'The first of {table.count} rows in table "{ONLY_ROUTE}" of {place.database}'
    OUT.print(rows_table(title, table.rows, table.types))
    return table.count


def show_monitored(monitored: Monitored, place: DemoPlace) -> None:
    """Print what the check has found, the commands that do the same, and where the report is."""
    say()
    say("A month later", style="bold")
    say("The rows became a baseline. In the rows of a day in the next month, made of them:")
    for change in CHANGES:
        say(f"  - {change}")
    show_finished(monitored.finished, str(monitored.finished.kept.folder), as_json=False)
    say()
    say("The same by hand", style="bold")
    left_out = ",".join(LEFT_OUT)
    first, later, baseline, executions = (
        shlex.quote(str(path))
        for path in (place.first_rows, place.later_rows, place.baseline, place.executions)
    )
    window = monitored.finished.kept.execution
    days = f"--since {window.window_start} --until {window.window_end}"
    command = "  capture-forwarder monitor"
    say(f"{command} baseline {first} --to {baseline} --replace --exclude {left_out}")
    say(
        f"{command} check {later} --baseline {baseline} --exclude {left_out} {days} "
        f"--endpoint {ENDPOINT} --schedule {SCHEDULE} --to {executions}"
    )
    say(f"{command} report {executions}")
    show_next()
    say()
    say(f"The report, to open in a browser: {monitored.page}")


def _show_counts(reports: Mapping[CaptureFile, FileReport]) -> None:
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


def show_failures(failures: Sequence[tuple[str, ForwarderError]]) -> None:
    """Say why files failed: once, since what is wrong with one is wrong with all."""
    times = Counter(error.message for _, error in failures)
    for message, error in {error.message: error for _, error in failures}.items():
        complain(f"{number_of(times[message], 'file', 'files')}: {message}", error.advice)
    say("Name a file in another folder by --database.", to=ERR)


def show_query(place: DemoPlace) -> None:
    """Print how to query the rows, and how the command is found."""
    query = f"FROM {ONLY_ROUTE} SELECT endpoint, count(*), avg(score) GROUP BY endpoint"
    path = str(place.database)
    say()
    say("Query the rows", style="bold")
    if which(_COMMAND) is None and (activate := Path(sys.prefix, "bin", "activate")).is_file():
        say(f"  . {shlex.quote(_shortened(activate))}   # once in each terminal")
    say(f"  {shlex.join([_COMMAND, 'query', query, '--database', path])}")


def show_next() -> None:
    """Print what to do with captures of one's own."""
    say()
    say("Next", style="bold")
    say(f"  {_COMMAND} inspect FILE-OR-FOLDER-OR-S3-ADDRESS   settings for your own captures")
    say(f"  {_COMMAND} forward ... --publisher duckdb         try them")
    say(f"  {_COMMAND} init s3://BUCKET/PREFIX                draft what forwards every new file")


def _shortened(path: Path) -> str:
    """A path as it is seen from here, where it is below."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
