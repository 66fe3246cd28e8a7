"""Two more measures between two lists of counts: PSI and the Jensen-Shannon distance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

_FLOOR = 1e-4
"""The share that a bucket without rows is taken to have, since PSI is infinite there."""


def population_stability_index(current: Sequence[float], baseline: Sequence[float]) -> float:
    """Sum (a - e)·ln(a/e) over the shares a of the current rows and e of the baseline's.

    Parameters
    ----------
    current, baseline
        Rows in the same buckets; neither is all zero.
    """
    return math.fsum(
        (one - other) * math.log(one / other)
        for one, other in (
            (a or _FLOOR, e or _FLOOR) for a, e in _shares(current, baseline) if a or e
        )
    )


def jensen_shannon(current: Sequence[float], baseline: Sequence[float]) -> float:
    """The square root of the Jensen-Shannon divergence to base 2: from 0, equal, to 1, apart."""
    found = math.fsum(
        (_part(a, (a + e) / 2) + _part(e, (a + e) / 2)) / 2 for a, e in _shares(current, baseline)
    )
    return math.sqrt(max(0.0, found))


def _part(share: float, middle: float) -> float:
    return share * math.log2(share / middle) if share else 0.0


def _shares(current: Sequence[float], baseline: Sequence[float]) -> Iterator[tuple[float, float]]:
    ours, theirs = math.fsum(current), math.fsum(baseline)
    for one, other in zip(current, baseline, strict=True):
        yield one / ours, other / theirs
