"""Where the counts of histograms go, and that what Spark answers is read as DuckDB's."""

from __future__ import annotations

import math
import re
from bisect import bisect_left

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.engines.spark.dialect import Tally
from capture_forwarder.monitor.engines.spark.tallies import (
    counted_numbers,
    counted_texts,
    of_numbers,
    of_texts,
)

BOUNDS = st.lists(st.floats(-10, 10), min_size=1, max_size=40, unique=True).map(sorted)
STEP = re.compile(r"place \+ IF\(value > bounds\[place \+ (\d+)\], (\d+), 0\) AS place")


def place_by_query(sql: str, padded: list[float], value: float) -> int:
    """Take the steps of the query, from the innermost outwards."""
    place = 0
    for offset, step in reversed([(int(a), int(b)) for a, b in STEP.findall(sql)]):
        place += step if value > padded[place + offset] else 0
    return place


@given(lists=st.lists(BOUNDS, min_size=1, max_size=3), value=st.floats(-11, 11))
def test_the_search_finds_the_number_of_bounds_below_a_value(
    lists: list[list[float]], value: float
) -> None:
    tallies = [Tally(n, f"n_c{n}", f"b{n}", is_text=False) for n in range(len(lists))]

    query = of_numbers(tallies, "data_0", lists)

    assert query.sql.count("(SELECT STACK(") == 1
    for item, bounds in enumerate(lists):
        padded = [float(one) for one in query.arguments[f"list_{item}"].split(",")]
        assert padded[: len(bounds)] == bounds
        assert place_by_query(query.sql, padded, value) == bisect_left(bounds, value)


@given(bounds=BOUNDS, values=st.lists(st.floats(-11, 11), max_size=30))
def test_counts_of_numbers_are_those_of_duckdbs_histogram(
    bounds: list[float], values: list[float]
) -> None:
    places = [bisect_left(bounds, value) for value in values]
    answered = [(0, place, places.count(place)) for place in set(places)]

    (counted,) = counted_numbers(answered, [bounds])

    with duckdb.connect() as connection:
        ((expected,),) = connection.execute(
            "SELECT histogram(x, $bounds) FROM (SELECT unnest($values::DOUBLE[]) AS x)",
            {"bounds": bounds, "values": values},
        ).fetchall()
    assert counted == expected


def test_what_is_above_all_bounds_is_counted_at_infinity() -> None:
    assert counted_numbers([(0, 2, 7), (1, 0, 1)], [[1.0, 2.0], [5.0]]) == [
        {1.0: 0, 2.0: 0, math.inf: 7},
        {5.0: 1},
    ]


@pytest.mark.parametrize("text", ["it's", "a\0b", '"', "\\", "${x}", ":list_0", ""])
def test_a_text_is_a_parameter_and_never_a_part_of_the_query(text: str) -> None:
    query = of_texts([Tally(0, "c0", "k", is_text=True)], "data_0", [[f"={text}"]])

    assert query.arguments.keys() == {"list_0"}
    assert not text or f"={text}" not in query.sql
    assert counted_texts([(0, f"={text}", 2), (0, None, 3)], [[f"={text}"]]) == [
        {f"={text}": 2, "": 3}
    ]
