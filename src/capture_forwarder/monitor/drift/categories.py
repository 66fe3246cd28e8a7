"""How differently texts are distributed: the largest difference of a share, and chi-squared."""

from __future__ import annotations

import math
from collections.abc import Mapping

from capture_forwarder.monitor.drift.chi_squared import upper_tail
from capture_forwarder.monitor.drift.numbers import Shift

_FEW_OF_TWO = 10
_FEW = 5
_ALLOWED = 0.2
_PAIR = 2


def l_infinity(current: Mapping[str, int], baseline: Mapping[str, int], rows: int) -> Shift:
    """Find the largest difference between two shares of one text.

    Parameters
    ----------
    current
        Text → rows; all of the baseline's texts that the data has are among them.
    baseline
        Text → rows; not empty.
    rows
        All current rows with a text; at least one.
    """
    total = sum(baseline.values())
    largest = max(
        abs(current.get(key, 0) / rows - baseline.get(key, 0) / total)
        for key in {*current, *baseline}
    )
    return Shift(largest, rows, total)


def chi_squared(
    current: Mapping[str, int], baseline: Mapping[str, int]
) -> tuple[float, float] | None:
    """Test whether texts come as often as in the baseline, as deequ does (Apache-2.0).

    Texts that the baseline lacks do not count. The baseline is scaled to the rows that are left.
    While too many texts are expected too seldom, the two that are expected least are taken as
    one: with two texts, less than 10 times is too seldom; with more, less than 5 times, of which
    a fifth of the texts is allowed.

    Returns
    -------
    tuple
        The statistic and its p value; None where fewer than two texts are left.
    """
    kept = {key: float(current.get(key, 0)) for key in baseline}
    total = sum(kept.values())
    scale = total / sum(baseline.values())
    pairs = sorted(((count * scale, kept[key]) for key, count in baseline.items()))
    while len(pairs) >= _PAIR and _too_seldom(pairs):
        (expected, observed), (more_expected, more_observed), *others = pairs
        joined = (expected + more_expected, observed + more_observed)
        pairs = sorted([joined, *others])
    if len(pairs) < _PAIR or total == 0:
        return None
    statistic = math.fsum((seen - expected) ** 2 / expected for expected, seen in pairs)
    return statistic, upper_tail(statistic, len(pairs) - 1)


def _too_seldom(pairs: list[tuple[float, float]]) -> bool:
    if len(pairs) == _PAIR:
        return pairs[0][0] < _FEW_OF_TWO
    seldom = sum(expected < _FEW for expected, _ in pairs)
    return seldom > math.floor(_ALLOWED * len(pairs))
