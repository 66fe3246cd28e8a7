"""The time of a call in the form that a Fiddler model reads its time column in.

A model has `event_ts_col`, whose type may be a timestamp, a text or a number, and may have
`event_ts_format`, by which Fiddler parses it. Source: fiddler-client 3.14.1, `entities/model.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from capture_forwarder.core.iso_time import parse_iso_time
from capture_forwarder.core.schema import DataType

TimeUnit = Literal["seconds", "milliseconds"]
"""What a number that is a time counts since 1970."""

WriteTime = Callable[[object], object]
"""Takes the time as it was captured, in ISO 8601, and returns what is sent."""

NUMBERS = frozenset({DataType.INT, DataType.FLOAT})
"""Column types of which a time has to be a number."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# The captured times of a file are whole seconds, so that many of its calls have the same.
_REMEMBERED = 4096


def time_writer(
    data_type: DataType | None, text_format: str | None, unit: TimeUnit | None
) -> WriteTime | None:
    """Choose how times are written; None leaves them in ISO 8601.

    Parameters
    ----------
    data_type
        The type of the time column.
    text_format
        The model's `event_ts_format`, with the codes of `strftime`.
    unit
        What a number counts; needed for a column of numbers.
    """
    if data_type in NUMBERS and unit is not None:
        whole = data_type is DataType.INT
        return _writer(lambda time: _since_epoch(time, unit, whole=whole))
    if text_format and "%" in text_format:
        return _writer(lambda time: time.strftime(text_format))
    return None


def _writer(write: Callable[[datetime], object]) -> WriteTime:
    @lru_cache(_REMEMBERED)
    def write_text(text: str) -> object:
        try:
            time = parse_iso_time(text)
        except ValueError:
            return text  # Fiddler is to see what was captured
        return write((time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC))

    def write_value(value: object) -> object:
        return write_text(value) if isinstance(value, str) else value

    return write_value


def _since_epoch(time: datetime, unit: TimeUnit, *, whole: bool) -> int | float:
    milliseconds = (time - _EPOCH) // _MILLISECOND
    if unit == "milliseconds":
        return milliseconds
    return milliseconds // 1000 if whole else milliseconds / 1000
