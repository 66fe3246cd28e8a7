"""Two distributions over one axis, as the paths of a small drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from capture_forwarder.monitor.report.documents import Document, entries, inner, number

BINS = 24
WIDTH, HEIGHT = 168, 44


class Bucket(NamedTuple):
    """How many values are in an interval; its ends may be the same."""

    low: float
    high: float
    rows: float


@dataclass(frozen=True)
class Histogram:
    """What is drawn.

    Parameters
    ----------
    baseline, current
        The `d` of an SVG path each, in a box of `WIDTH` by `HEIGHT`: the baseline's closed, the
        current one's open. Empty where there are no values.
    low, high
        The ends of the axis.
    """

    baseline: str
    current: str
    low: float
    high: float


def buckets_of(feature: Document) -> list[Bucket]:
    """The buckets of a feature of `statistics.json`; none if one of them is not finite."""
    found = [
        (number(one.get("lower_bound")), number(one.get("upper_bound")), number(one.get("count")))
        for one in entries(inner(feature, "numerical_statistics", "distribution", "kll"), "buckets")
    ]
    whole = [
        Bucket(low, high, count)
        for low, high, count in found
        if low is not None and high is not None and count is not None and low <= high
    ]
    return whole if len(whole) == len(found) else []


def draw(baseline: Sequence[Bucket], current: Sequence[Bucket]) -> Histogram | None:
    """Draw both; None where neither has values.

    The heights are shares of rows, to the scale of the highest of both.
    """
    both = [one for one in (*baseline, *current) if one.rows > 0]
    if not both:
        return None
    low, high = min(one.low for one in both), max(one.high for one in both)
    # Half of each end, since the whole axis may be longer than the greatest number.
    step = high / BINS - low / BINS
    heights = [_shares(buckets, low, step) for buckets in (baseline, current)]
    top = max(map(max, heights))
    shapes = [[share / top * (HEIGHT - 4) for share in shares] for shares in heights]
    return Histogram(_area(shapes[0]), _line(shapes[1]), low, high)


def _shares(buckets: Sequence[Bucket], low: float, step: float) -> list[float]:
    """Share out the rows of buckets over the bins of the axis."""
    total = sum(one.rows for one in buckets)
    shares = [0.0] * BINS
    if not total:
        return shares
    for bucket in buckets:
        if not bucket.rows:
            continue
        first, last = (_place(end, low, step) for end in (bucket.low, bucket.high))
        part = bucket.rows / total
        if last - first < 1e-9:  # noqa: PLR2004 - one value, or as good as one
            shares[min(int(first), BINS - 1)] += part
            continue
        for index in range(int(first), min(int(last) + 1, BINS)):
            inside = min(index + 1, last) - max(index, first)
            shares[index] += part * max(inside, 0.0) / (last - first)
    return shares


def _place(value: float, low: float, step: float) -> float:
    """Where on the axis a value is, in bins."""
    if not step:
        return BINS / 2
    return min(max(value / step - low / step, 0.0), float(BINS))


def _area(heights: Sequence[float]) -> str:
    if not any(heights):
        return ""
    return f"M0 {HEIGHT}{_steps(heights)}V{HEIGHT}Z"


def _line(heights: Sequence[float]) -> str:
    if not any(heights):
        return ""
    return f"M0 {_y(0)}{_steps(heights)}V{_y(0)}"


def _steps(heights: Sequence[float]) -> str:
    written, before = "", None
    for index, height in enumerate(heights):
        level = _y(height)
        written += f"V{level}" if level != before else ""
        following = heights[index + 1] if index + 1 < BINS else None
        if following is None or _y(following) != level:
            written += f"H{(index + 1) * WIDTH // BINS}"
        before = level
    return written


def _y(height: float) -> str:
    return f"{HEIGHT - 1 - height:.1f}".removesuffix(".0")
