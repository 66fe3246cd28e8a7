"""Which type of a column holds which values without losing anything, in DuckDB's spelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC
from functools import reduce
from types import NoneType
from typing import Any

import msgspec

from capture_forwarder.core.inference import Row
from capture_forwarder.core.iso_time import parse_iso_time

TEXT = "VARCHAR"
NULLS = "INTEGER"
"""The type of a column of nothing but nulls, as in DuckDB's own tables; no value has it here."""
BOOL, INT, FLOAT, NUMBERS, TIME = "BOOLEAN", "BIGINT", "DOUBLE", "DOUBLE[]", "TIMESTAMP"
JSON = "JSON"
"""The type of objects, and of lists that are not numbers alone."""
MOST_EXACT = 2**53
"""Up to here a double holds every integer exactly, so that widening to DOUBLE rounds none."""

_FLOATS = {float}
_BY_KIND = {bool: BOOL, float: FLOAT, NoneType: NULLS, dict: JSON}
_WIDER = {frozenset({INT, FLOAT}): FLOAT, frozenset({NUMBERS, JSON}): JSON}


def column_types(rows: Iterable[Row], time_columns: Collection[str]) -> dict[str, str]:
    """Find the narrowest type for each column: `NULLS` for one without a value.

    Parameters
    ----------
    rows
        Rows of JSON values.
    time_columns
        The columns whose ISO 8601 texts are times.
    """
    values: defaultdict[str, list[object]] = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            values[name].append(value)
    return {name: type_of(own, is_time=name in time_columns) for name, own in values.items()}


def type_of(values: Sequence[object], *, is_time: bool) -> str:
    """Find the narrowest type for the values of a column: `NULLS` if there is none.

    Parameters
    ----------
    values
        JSON values.
    is_time
        Whether ISO 8601 texts are times in it.
    """
    kinds = set(map(type, values))
    if kinds == _FLOATS:
        return FLOAT
    needed = [_BY_KIND.get(kind) or _type_of_some(values, kind, is_time) for kind in kinds]
    return reduce(widened, needed, NULLS)


def widened(known: str, needed: str) -> str:
    """The type that holds the values of two types: text where no other does."""
    if needed in {known, NULLS}:
        return known
    if known == NULLS:
        return needed
    return _WIDER.get(frozenset({known, needed}), TEXT)


def add_types(types: dict[str, str], more: Mapping[str, str]) -> None:
    """Widen the types of columns so that they hold values of other types, too."""
    for name, needed in more.items():
        types[name] = widened(types.get(name, NULLS), needed)


def stored(value: object, kind: str) -> object:
    """A value as JSON that DuckDB reads into a column of this type."""
    if kind == TIME and isinstance(value, str):
        return utc(value)
    if kind == TEXT and not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return value


def utc(text: str) -> str | None:
    """A time with an offset as DuckDB's TIMESTAMP, which has none: UTC; None for other texts."""
    try:
        time = parse_iso_time(text)
        return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ") if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _type_of_some(values: Sequence[object], kind: type, is_time: bool) -> str:  # noqa: FBT001
    """The type for those of the values that are of one kind."""
    own: list[Any] = [value for value in values if type(value) is kind]
    if kind is int:
        return INT if min(own) >= -MOST_EXACT and max(own) <= MOST_EXACT else TEXT
    if kind is list:
        return NUMBERS if all(_fits_double(item) for value in own for item in value) else JSON
    if kind is str and is_time:
        return TIME if all(map(utc, set(own))) else TEXT
    return TEXT


def _fits_double(item: object) -> bool:
    return type(item) is float or (type(item) is int and abs(item) <= MOST_EXACT)
