"""The demo's drifted window: its own rows a month later, in which some things have changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

CHANGES = (
    "monthly charges are 40 % higher,",
    "every third row has a contract that is new,",
    "every fifth row lacks data_usage_gb, and",
    "every second customer is a senior.",
)
"""What has changed, for the reader of the demo."""

Row = Mapping[str, object]

_LATER = timedelta(days=31)
_HIGHER = 1.4


def month_later(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Move rows by 31 days, and change them; the same rows always become the same.

    Parameters
    ----------
    rows
        Rows of the sample model; times are UTC without an offset, as
        DuckDB gives them.
    """
    return [_changed(row, number) for number, row in enumerate(rows)]


def days_of(rows: Sequence[Row]) -> tuple[datetime, datetime]:
    """The start of the first day of rows, and the end of the last one."""
    times = [time for row in rows if isinstance(time := row["inference_time"], datetime)]
    first, last = (time.replace(hour=0, minute=0, second=0) for time in (min(times), max(times)))
    return first, last + timedelta(days=1)


def _changed(row: Row, number: int) -> dict[str, object]:
    changed = dict(row)
    time, charges = row["inference_time"], row["monthly_charges"]
    if isinstance(time, datetime):
        changed["inference_time"] = time.replace(microsecond=0, tzinfo=UTC) + _LATER
    if isinstance(charges, float):
        changed["monthly_charges"] = round(charges * _HIGHER, 2)
    if number % 2 == 0:
        changed["senior"] = 1
    if number % 3 == 0:
        changed["contract"] = "Week-to-week"
    if number % 5 == 0:
        changed["data_usage_gb"] = None
    return changed
