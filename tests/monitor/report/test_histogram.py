"""Two distributions over one axis."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.report.histogram import BINS, HEIGHT, WIDTH, Bucket, draw

EDGES = st.floats(-1e9, 1e9).flatmap(
    lambda low: st.tuples(st.just(low), st.floats(0, 1e9), st.integers(0, 1000))
)
BUCKETS = st.lists(EDGES.map(lambda one: Bucket(one[0], one[0] + one[1], one[2])), max_size=10)


def heights(path: str) -> list[float]:
    """The height of each bin of a path, above the axis."""
    level, x, found = 0.0, 0, []
    for letter, number in re.findall(r"([VH])([\d.]+)", path):
        if letter == "V":
            level = HEIGHT - 1 - float(number)
        else:
            bins = round((int(number) - x) * BINS / WIDTH)
            found += [level] * bins
            x = int(number)
    return found


@given(BUCKETS, BUCKETS)
def test_a_path_stays_in_its_box_and_covers_the_axis(
    before: list[Bucket], now: list[Bucket]
) -> None:
    drawn = draw(before, now)

    filled = [sum(one.rows for one in buckets) for buckets in (before, now)]
    assert (drawn is None) == (not any(filled))
    if drawn is None:
        return
    for path, rows in zip((drawn.baseline, drawn.current), filled, strict=True):
        assert bool(path) == bool(rows)
        found = heights(path)
        assert len(found) == (BINS if rows else 0)
        assert all(-1 <= height <= HEIGHT for height in found)


def test_equal_distributions_have_equal_heights() -> None:
    buckets = [Bucket(index, index + 1, index) for index in range(10)]

    drawn = draw(buckets, [Bucket(one.low, one.high, one.rows * 7) for one in buckets])

    assert drawn
    assert heights(drawn.baseline) == heights(drawn.current)
    assert max(heights(drawn.current)) == HEIGHT - 4


def test_the_area_is_where_the_rows_are() -> None:
    drawn = draw([Bucket(0, 12, 1)], [Bucket(12, 24, 1)])

    assert drawn
    assert (drawn.low, drawn.high) == (0, 24)
    before, now = heights(drawn.baseline), heights(drawn.current)
    assert before == [40.0] * 12 + [0.0] * 12
    assert now == [0.0] * 12 + [40.0] * 12


def test_one_value_is_a_spike() -> None:
    drawn = draw([], [Bucket(0, 24, 1), Bucket(6, 6, 99)])

    assert drawn
    found = heights(drawn.current)
    assert found.index(max(found)) == 6
    assert sorted(found)[-2] < 1
    assert drawn.baseline == ""
