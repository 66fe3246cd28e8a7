"""A place with rows and a quarantine → what has arrived of each endpoint and hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.monitor.arrived.counting import EndpointArrivals, count_arrivals
from capture_forwarder.monitor.arrived.sources import open_place
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.quarantine.entries import read_files
from capture_forwarder.settings import ONLY_ROUTE
from capture_forwarder.wiring.quarantine import open_quarantine


def arrivals_of(place: Path, quarantine: str | None, window: Window) -> Sequence[EndpointArrivals]:
    """Count what has arrived.

    Parameters
    ----------
    place
        A DuckDB file, or a folder that the publisher `files` has written.
    quarantine
        Where the lines are that were not delivered; None to leave them out.
    window
        Only these hours.

    Raises
    ------
    UsageError, DataError, QuarantineError
        The place or the quarantine does not exist, or cannot be read.
    """
    refused = _refused(quarantine) if quarantine is not None else Counter()
    with open_duckdb() as engine:
        return count_arrivals(engine, open_place(engine, place), window, refused)


def _refused(address: str) -> Counter[tuple[str, datetime | None, str]]:
    """Endpoint, hour and reason → how many entries there are."""
    found: Counter[tuple[str, datetime | None, str]] = Counter()
    for file in read_files(open_quarantine(address)):
        if file.problem is not None:
            raise QuarantineError(file.problem.message, file.problem.advice)
        for entry in (stored.entry for stored in file.entries):
            capture_file = CaptureFile(entry.bucket, entry.key)
            hour = capture_file.capture_hour
            time = None if hour is None else datetime.fromisoformat(hour)
            found[capture_file.endpoint or ONLY_ROUTE, time, entry.reason] += 1
    return found
