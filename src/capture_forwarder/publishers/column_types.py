"""Which type of a column holds which values without losing anything, in DuckDB's spelling."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC

import msgspec

from capture_forwarder.core.inference import Row
from capture_forwarder.core.iso_time import parse_iso_time

TEXT = "VARCHAR"
NULLS = "INTEGER"
"""The type of a column of nothing but nulls, as in DuckDB's own tables; no value has it here."""
BOOL, INT, FLOAT, NUMBERS, TIME = "BOOLEAN", "BIGINT", "DOUBLE", "DOUBLE[]", "TIMESTAMP"
# Integers that a double holds exactly, so that widening to DOUBLE never rounds one.
_EXACT = range(-(2**53), 2**53 + 1)


def column_types(rows: Iterable[Row], time_columns: Collection[str]) -> dict[str, str]:
    """Find the narrowest type for each column: `NULLS` for one without a value.

    Parameters
    ----------
    rows
        Rows of JSON values.
    time_columns
        The columns whose ISO 8601 texts are times.
    """
    types: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            kind = _type_of(value, is_time=name in time_columns)
            types[name] = widened(types.get(name, NULLS), kind)
    return types


def widened(known: str, needed: str) -> str:
    """The type that holds the values of two types: text where no other does."""
    if needed in {known, NULLS}:
        return known
    if known == NULLS:
        return needed
    return FLOAT if {known, needed} == {INT, FLOAT} else TEXT


def stored(value: object, kind: str) -> object:
    """A value as JSON that DuckDB reads into a column of this type."""
    if kind == TIME and isinstance(value, str):
        return _utc(value)
    if kind == TEXT and not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return value


def _type_of(value: object, *, is_time: bool) -> str:
    if value is None:
        return NULLS
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT if value in _EXACT else TEXT
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, list) and all(_fits_double(item) for item in value):
        return NUMBERS
    return TIME if is_time and isinstance(value, str) and _utc(value) else TEXT


def _fits_double(item: object) -> bool:
    return type(item) is float or (type(item) is int and item in _EXACT)


def _utc(text: str) -> str | None:
    """A time with an offset as DuckDB's TIMESTAMP, which has none: UTC."""
    try:
        time = parse_iso_time(text)
        return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ") if time.tzinfo else None
    except (ValueError, OverflowError):
        return None
