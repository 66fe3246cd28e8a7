"""Which DuckDB type holds which values without losing anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import reduce
from types import NoneType
from typing import Annotated, Any

import msgspec

from capture_forwarder.core.iso_time import parse_iso_time

TEXT = "VARCHAR"
NULLS = "INTEGER"
"""The type of a column of nothing but nulls, as in DuckDB's own tables; no value has it here."""
TIME = "TIMESTAMP"
_BOOL, _INT, _FLOAT, _NUMBERS = "BOOLEAN", "BIGINT", "DOUBLE", "DOUBLE[]"
_FLOATS = {float}
_BY_KIND = {bool: _BOOL, float: _FLOAT, NoneType: NULLS}
# Integers that a double holds exactly, so that widening to DOUBLE never rounds one.
_MOST_EXACT = 2**53
# What DuckDB reads as the same time as we do: it passes over an offset without a word.
_READ_BY_DUCKDB = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z"
)


# Read as a double, the first whole number that is not exact is the last that is.
_Exact = msgspec.Meta(gt=-_MOST_EXACT, lt=_MOST_EXACT)
_FITTING: dict[str, object] = {
    TEXT: object,
    TIME: str | None,
    _BOOL: bool | None,
    _INT: Annotated[int, _Exact] | None,
    # Larger ones may be whole numbers that a double does not hold: these are looked at one by one.
    _FLOAT: Annotated[float, _Exact] | None,
    _NUMBERS: list[Annotated[float, _Exact]] | None,
}


def fitting(kind: str) -> object:
    """What surely fits a column of a type, as a type that msgspec takes: at least null does."""
    return _FITTING.get(kind)


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
        return _FLOAT
    needed = [_BY_KIND.get(kind) or _type_of_some(values, kind, is_time) for kind in kinds]
    return reduce(widened, needed, NULLS)


def widened(known: str, needed: str) -> str:
    """The type that holds the values of two types: text where no other does."""
    if needed in {known, NULLS}:
        return known
    if known == NULLS:
        return needed
    return _FLOAT if {known, needed} == {_INT, _FLOAT} else TEXT


def add_types(types: dict[str, str], more: Mapping[str, str]) -> None:
    """Widen the types of columns so that they hold values of other types, too."""
    for name, needed in more.items():
        types[name] = widened(types.get(name, NULLS), needed)


def utc(text: str) -> str | None:
    """A time with an offset as DuckDB's TIMESTAMP, which has none: UTC; None for other texts."""
    try:
        time = parse_iso_time(text)
        return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ") if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def is_read_by_duckdb(time: str) -> bool:
    """Whether DuckDB itself reads a time as the one that `utc` says it is."""
    return _READ_BY_DUCKDB.fullmatch(time) is not None


def _type_of_some(values: Sequence[object], kind: type, is_time: bool) -> str:  # noqa: FBT001
    """The type for those of the values that are of one kind."""
    own: list[Any] = [value for value in values if type(value) is kind]
    if kind is int:
        return _INT if min(own) >= -_MOST_EXACT and max(own) <= _MOST_EXACT else TEXT
    if kind is list:
        return _NUMBERS if all(_fits_double(item) for value in own for item in value) else TEXT
    if kind is str and is_time:
        return TIME if all(map(utc, set(own))) else TEXT
    return TEXT


def _fits_double(item: object) -> bool:
    return type(item) is float or (type(item) is int and abs(item) <= _MOST_EXACT)
