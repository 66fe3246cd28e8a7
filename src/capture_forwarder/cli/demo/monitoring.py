"""The end of the demo: a baseline of what arrived, a day a month later against it, a report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from capture_forwarder.cli.demo.month_later import Row, days_of, month_later
from capture_forwarder.cli.demo.place import DemoPlace
from capture_forwarder.cli.monitor.report_files import read_documents, write_page
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.monitor.baseline import Baseline, make_baseline, write_baseline
from capture_forwarder.monitor.constraints.check import Strictness, fractions_of
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.opening import DataChoice
from capture_forwarder.monitor.executions.folder import write_files
from capture_forwarder.monitor.report import render_report
from capture_forwarder.monitor.window import Finished, Run, run_check
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.wiring.monitor import opened_data

ENDPOINT = "churn"
SCHEDULE = "daily"
LEFT_OUT = ("endpoint", "variant")
"""The demo's metadata columns, which are no features."""


class Monitored(msgspec.Struct, frozen=True):
    """What the demo's monitoring made: the execution, and the report's page."""

    finished: Finished
    page: Path


def monitor_demo(place: DemoPlace, rows: Sequence[Row]) -> Monitored:
    """Make a baseline of the demo's table, check a day that differs, and write the report.

    Parameters
    ----------
    place
        Where the demo writes.
    rows
        All rows of the table; at least one.

    Raises
    ------
    ForwarderError
        Something cannot be read or written, or an extra is not installed.
    """
    # Files are published at once, so that their rows are in any order.
    ordered = sorted(rows, key=lambda row: str(row["inference_id"]))
    later = month_later(ordered)
    # The forwarder still has the database open, so that the monitor cannot open it.
    for path, some in ((place.first_rows, ordered), (place.later_rows, later)):
        write_files(path.parent, {path.name: _csv(some)})
    baseline = _baseline(place)
    window = Window(*days_of(later))
    choice = DataChoice(
        place.later_rows,
        window,
        exclude=LEFT_OUT,
        fractions=fractions_of(baseline.constraints, Strictness()),
    )
    run = Run(place.executions, SCHEDULE, ENDPOINT, window, exclude=LEFT_OUT)
    clock = SystemClock()
    with opened_data(str(place.later_rows), choice, ColumnMapping) as opened:
        finished = run_check(run, baseline, lambda: opened, clock.now)
    shown = read_documents(str(finished.kept.folder), None, None, None)
    page = finished.kept.folder / "report.html"
    write_page(str(page), render_report(shown.documents, clock.now()))
    return Monitored(finished, page)


def _baseline(place: DemoPlace) -> Baseline:
    choice = DataChoice(place.first_rows, exclude=LEFT_OUT)
    with opened_data(str(place.first_rows), choice, ColumnMapping) as (engine, relation):
        baseline = make_baseline(engine, relation, place.baseline)
    write_baseline(baseline, replace=False)
    return baseline


def _csv(rows: Sequence[Row]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
    return written.getvalue().encode()


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
