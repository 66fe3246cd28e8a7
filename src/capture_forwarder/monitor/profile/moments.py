"""Sum, extremes and deviation of a column's finite numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec


class Moments(msgspec.Struct, frozen=True):
    """The finite numbers of a column; None is what there is none of, or what is not finite."""

    count: int
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    std_dev: float | None = None

    @property
    def mean(self) -> float | None:
        """The sum, divided."""
        return None if self.sum is None else self.sum / self.count


def moments_of(values: Sequence[float]) -> Moments:
    """Find the moments of numbers that are all there, so that every engine gives the same digits.

    Parameters
    ----------
    values
        Finite numbers, in the order of the rows; at least one.
    """
    return Moments(len(values), _sum(values), min(values), max(values), _deviation(values))


def _sum(values: Sequence[float]) -> float | None:
    try:
        return math.fsum(values)
    except OverflowError:
        return None


def _deviation(values: Sequence[float]) -> float | None:
    """Welford's method, whose digits are those that Model Monitor writes."""
    mean = squares = 0.0
    for count, value in enumerate(values, 1):
        before = value - mean
        mean += before / count
        squares += (value - mean) * before
    deviation = math.sqrt(squares / len(values)) if math.isfinite(squares) else math.inf
    return deviation if math.isfinite(deviation) else None
