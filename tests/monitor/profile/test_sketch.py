"""The sketch: no row is lost, ranks stay near, and its levels are those of the service."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.profile.sketch import (
    Cell,
    bounds_of,
    bucket_counts,
    sketch_of,
    sketch_of_cells,
    weighted,
)
from tests.support.monitoring import chance

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def rank_error(levels: list[list[float]], values: list[float]) -> float:
    """The largest difference between the shares at or below a value."""
    sketch, known = weighted(levels), sorted(values)
    done, largest = 0, 0.0
    for value, rows in zip(sketch.values, sketch.rows, strict=True):
        done += rows
        largest = max(largest, abs(done / sketch.total - bisect_right(known, value) / len(known)))
    return largest


@given(st.lists(FINITE, max_size=2050))
def test_up_to_2050_values_the_sketch_is_the_column_in_its_order(values: list[float]) -> None:
    assert sketch_of(values) == [values]


def test_the_levels_of_23432_rows_are_as_long_as_those_that_were_published() -> None:
    values = [float(value) for value in range(23_432)]

    assert [len(items) for items in sketch_of(values)] == [266, 1093, 2127, 1, 779]


def test_the_first_compaction_takes_every_second_of_the_sorted_items() -> None:
    values = [float(value) for value in range(2051, 0, -1)]

    level, above = sketch_of(values)

    assert level == [1.0]  # an odd last item stays
    assert above == [float(value) for value in range(2, 2051, 2)]


def by_one_item_at_a_time(values: list[float]) -> list[list[float]]:
    """The same, as plainly as it can be said."""
    levels: list[list[float]] = [[]]
    offsets = [itertools.cycle([0, 1, 1, 0])]
    most = [2 * (math.ceil(2048 * 0.64**level / 2) + 1) for level in range(40)]
    for value in values:
        levels[0].append(value)
        if sum(map(len, levels)) > sum(most[: len(levels)]):
            full = next(n for n, items in enumerate(levels) if len(items) >= most[n])
            if full + 1 == len(levels):
                levels.append([])
                offsets.append(itertools.cycle([0, 1, 1, 0]))
            even = len(levels[full]) // 2 * 2
            levels[full + 1] += sorted(levels[full][:even])[next(offsets[full]) :: 2]
            del levels[full][:even]
    return levels


@pytest.mark.parametrize("rows", [2_050, 2_051, 9_999, 30_001])
def test_levels_are_those_of_one_item_at_a_time(rows: int) -> None:
    values = [chance(rows).gauss(0, 1) for _ in range(rows)]

    assert sketch_of(values) == by_one_item_at_a_time(values)


@given(st.integers(1, 60_000), st.integers(0, 10))
def test_every_row_is_counted_once(rows: int, seed: int) -> None:
    values = [chance(seed).random()] * rows

    assert weighted(sketch_of(values)).total == rows


@pytest.mark.parametrize("rows", [5_000, 50_000])
def test_ranks_are_within_a_hundredth(rows: int) -> None:
    values = [chance(1).gauss(0, 1) for _ in range(rows)]

    assert rank_error(sketch_of(values), values) < 0.01


@given(FINITE, FINITE)
def test_bounds_begin_and_end_with_the_range(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    bounds = bounds_of(low, high)

    assert len(bounds) == 11
    assert bounds[0] == low
    assert bounds[-1] == pytest.approx(high, abs=max(1e-300, (high / 2 - low / 2) * 1e-9))
    assert bounds == sorted(bounds)


@given(st.lists(FINITE, min_size=1, max_size=300))
def test_every_row_is_in_one_bucket(values: list[float]) -> None:
    bounds = bounds_of(min(values), max(values))

    assert sum(bucket_counts([values], bounds)) == len(values)


def test_a_bucket_holds_its_lower_bound_and_the_last_one_both() -> None:
    assert bucket_counts([[0.0, 1.0, 2.0]], [0.0, 1.0, 2.0]) == [1, 2]


def test_all_rows_of_a_constant_are_in_the_last_bucket() -> None:
    assert bucket_counts([[5.0] * 3], bounds_of(5.0, 5.0)) == [0] * 9 + [3]


@given(
    st.lists(
        st.tuples(st.integers(-1000, 1000), st.integers(0, 30_000)), min_size=1, max_size=40
    ).filter(lambda cells: any(rows for _, rows in cells))
)
def test_a_sketch_of_counts_stands_for_every_row(counts: list[tuple[int, int]]) -> None:
    points = sorted(dict(counts).items())
    cells = [Cell(float(value), float(value), rows) for value, rows in points]
    total = sum(rows for _, rows in points)

    sketch = weighted(sketch_of_cells(cells, total))

    assert sketch.total == total
    assert set(sketch.values) <= {float(value) for value, _ in points}
    expanded = [value for value, rows in points for _ in range(rows)]
    if total > 2050:
        assert rank_error(sketch_of_cells(cells, total), [float(x) for x in expanded]) < 2 / 1025
