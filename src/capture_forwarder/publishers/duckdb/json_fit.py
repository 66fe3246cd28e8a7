"""Which JSON surely fits a column of a type, and which times DuckDB itself reads as we do."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from capture_forwarder.publishers.column_types import (
    BOOL,
    FLOAT,
    INT,
    JSON,
    MOST_EXACT,
    NUMBERS,
    TEXT,
    TIME,
)

# What DuckDB reads as the same time as we do: it passes over an offset without a word.
_READ_BY_DUCKDB = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z"
)
# Read as a double, the first whole number that is not exact is the last that is.
_Exact = msgspec.Meta(gt=-MOST_EXACT, lt=MOST_EXACT)
_FITTING: dict[str, object] = {
    TEXT: object,
    TIME: str | None,
    BOOL: bool | None,
    INT: Annotated[int, _Exact] | None,
    # Larger ones may be whole numbers that a double does not hold: these are looked at one by one.
    FLOAT: Annotated[float, _Exact] | None,
    NUMBERS: list[Annotated[float, _Exact]] | None,
    JSON: dict[str, object] | list[object] | None,
}


def fitting(kind: str) -> object:
    """What surely fits a column of a type, as a type that msgspec takes: at least null does."""
    return _FITTING.get(kind)


def is_read_by_duckdb(time: str) -> bool:
    """Whether DuckDB itself reads a time as the one that `utc` says it is."""
    return _READ_BY_DUCKDB.fullmatch(time) is not None
