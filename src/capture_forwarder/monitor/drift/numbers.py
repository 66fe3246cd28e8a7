"""How differently numbers are distributed: the two-sample Kolmogorov-Smirnov distance.

Two ways to count. `rows` counts every row. Model Monitor counts a value of a sketch once however
many items have it, with the weight of the highest level that it stands in, so that ties are lost:
it sees no drift in a flag that flips. deequ (Apache-2.0, KLLDistanceTest) has published values.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

import msgspec

from capture_forwarder.monitor.profile.columns import Ranks
from capture_forwarder.monitor.profile.sketch import Levels, Weighted

_LESS = 1.8
"""deequ's factor: near the critical value for an error rate of 0.3 %."""


class Shift(msgspec.Struct, frozen=True):
    """The largest distance between two distributions, and how much each was judged by."""

    distance: float
    current: int
    baseline: int

    @property
    def robust(self) -> float:
        """The distance without what so few rows may well bring about by chance."""
        n, m = self.current, self.baseline
        return max(0.0, self.distance - _LESS * math.sqrt((n + m) / (n * m)))


def by_rows(ranks: Ranks, baseline: Weighted) -> Shift:
    """Measure with every row counted.

    Parameters
    ----------
    ranks
        Where the current rows stand; at least one row. All of the baseline's values are among
        the points: between two of these the baseline's share does not change, so that the
        largest distance is at one of them or just below.
    baseline
        The baseline's sketch, of at least one item.
    """
    total = baseline.total
    sums = [0, *accumulate(baseline.rows)]
    largest = 0.0
    for point, below, up_to in zip(ranks.points, ranks.below, ranks.up_to, strict=True):
        before = sums[bisect_left(baseline.values, point)]
        after = sums[bisect_right(baseline.values, point)]
        just_below = abs(below / ranks.total - before / total)
        at_it = abs(up_to / ranks.total - after / total)
        largest = max(largest, just_below, at_it)
    return Shift(largest, ranks.total, total)


def without_ties(current: Levels, baseline: Levels) -> Shift:
    """Measure as Model Monitor does, with equal values of a sketch counted once.

    Parameters
    ----------
    current, baseline
        Sketches with at least one item each.
    """
    ours, theirs = _once(current), _once(baseline)
    points = sorted({*ours.values, *theirs.values})
    largest = max(
        abs(one - other)
        for one, other in zip(_shares(ours, points), _shares(theirs, points), strict=True)
    )
    return Shift(largest, ours.total, theirs.total)


def _once(levels: Levels) -> Weighted:
    weights = {item: 1 << level for level, items in enumerate(levels) for item in items}
    values = sorted(weights)
    return Weighted(tuple(values), tuple(weights[value] for value in values))


def _shares(sketch: Weighted, points: Sequence[float]) -> list[float]:
    """The share of the weight at or below each point."""
    sums = [0, *accumulate(sketch.rows)]
    return [sums[bisect_right(sketch.values, point)] / sums[-1] for point in points]
