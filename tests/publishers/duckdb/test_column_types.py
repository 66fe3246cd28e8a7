"""The type of a column, from its values at once, is what it is from one value after the other."""

from __future__ import annotations

from datetime import timedelta, timezone
from functools import reduce

import duckdb
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.publishers.column_types import (
    NULLS,
    TEXT,
    add_types,
    column_types,
    type_of,
    utc,
    widened,
)
from capture_forwarder.publishers.duckdb.json_fit import fitting, is_read_by_duckdb

EDGES = st.sampled_from([2**53, 2**53 + 1, -(2**53), -(2**53) - 1])
NUMBERS = st.integers(-9, 9) | EDGES | st.floats(allow_nan=False)
TIMES = st.sampled_from(["2026-03-01T10:20:30Z", "2026-03-01T10:20:30+05:30", "yesterday", ""])
LISTS = st.lists(NUMBERS | st.none() | st.booleans() | st.just("x"))
OBJECTS = st.dictionaries(st.sampled_from("ab"), NUMBERS | LISTS)
VALUES = st.none() | st.booleans() | NUMBERS | TIMES | LISTS | OBJECTS
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(values=st.lists(VALUES, max_size=6), is_time=st.booleans())
def test_values_at_once_need_what_they_need_one_after_the_other(
    values: list[object], *, is_time: bool
) -> None:
    alone = [type_of([value], is_time=is_time) for value in values]

    assert type_of(values, is_time=is_time) == reduce(widened, alone, NULLS)


@given(st.lists(VALUES), st.lists(VALUES))
def test_a_type_is_the_same_whichever_values_come_first(
    first: list[object], second: list[object]
) -> None:
    one, other = type_of(first, is_time=False), type_of(second, is_time=False)

    assert widened(one, other) == widened(other, one) == type_of(first + second, is_time=False)


@given(values=st.lists(VALUES, min_size=1, max_size=6))
def test_rows_need_what_their_columns_need(values: list[object]) -> None:
    rows = [{"a": value, "t": value} if n else {"t": value} for n, value in enumerate(values)]

    found = column_types(rows, {"t"})

    assert found.pop("t") == type_of(values, is_time=True)
    assert found == ({"a": type_of(values[1:], is_time=False)} if values[1:] else {})


def test_types_are_added_column_by_column() -> None:
    types = {"a": "BIGINT", "b": NULLS}

    add_types(types, {"a": "DOUBLE", "b": "BOOLEAN", "c": TEXT})

    assert types == {"a": "DOUBLE", "b": "BOOLEAN", "c": TEXT}


@given(
    time=st.datetimes(timezones=ZONES),
    timespec=st.sampled_from(["seconds", "milliseconds", "microseconds"]),
    offset=st.sampled_from(["Z", "+00:00"]),
)
def test_duckdb_reads_the_times_that_are_left_to_it_as_we_do(
    time: object, timespec: str, offset: str
) -> None:
    text = time.isoformat(timespec=timespec)  # type: ignore[attr-defined]
    for written in (text, text[:-6] + offset):
        expected = utc(written)
        if is_read_by_duckdb(written):
            ((read,),) = duckdb.execute("SELECT ?::TIMESTAMP", [written]).fetchall()
            assert expected is not None
            assert read.isoformat(" ") == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T10:20:30+05:30",
        "2026-03-01T10:20:30+00:00",
        "2026-03-01T10:20:30",
        "2026-03-01T10:20:30.1234567Z",
        "2026-03-01T10:20Z",
        "2026-03-01",
    ],
)
def test_other_times_are_not_left_to_duckdb(text: str) -> None:
    assert not is_read_by_duckdb(text)


KINDS = st.sampled_from(
    ["BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "DOUBLE[]", "JSON", NULLS, "DATE"]
)


@given(kind=KINDS, value=VALUES)
def test_what_fits_a_type_surely_needs_no_other(kind: str, value: object) -> None:
    written = msgspec.json.encode(value)
    try:
        msgspec.json.decode(written, type=fitting(kind))
    except msgspec.ValidationError:
        return

    assert widened(kind, type_of([msgspec.json.decode(written)], is_time=False)) == kind
