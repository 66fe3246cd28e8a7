"""A column and its baseline → how far it has drifted, by the measure that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from capture_forwarder.monitor.drift.categories import chi_squared, l_infinity
from capture_forwarder.monitor.drift.divergence import (
    jensen_shannon,
    population_stability_index,
)
from capture_forwarder.monitor.drift.numbers import Shift, by_rows, without_ties
from capture_forwarder.monitor.profile.columns import ColumnProfile, Ranks, Watch
from capture_forwarder.monitor.profile.sketch import bounds_of, bucket_counts, weighted
from capture_forwarder.monitor.profile.statistics import NUMERIC, FeatureStatistics

_LIGHT = 0.001
"""At a point with less of the baseline, a distance is wrong by no more than this."""


class Measure(StrEnum):
    """How the distance of numbers is measured."""

    ROWS = "rows"
    MODEL_MONITOR = "model-monitor"


class Drift(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a column has drifted.

    Parameters
    ----------
    feature
        The column.
    distance
        The one that is held against the threshold; of the chi-squared test, the statistic
        (Simple) or the p value (Robust).
    threshold
        What it is held against.
    drifted
        Whether it is drift.
    simple
        The largest difference between the two distributions, nothing taken off.
    by_model_monitor
        The distance by `model-monitor`, beside one by `rows`; None where there is none.
    population_stability_index, jensen_shannon
        Over the baseline's ten buckets, or over texts.
    p_value
        Of the chi-squared test, where it was made.
    """

    feature: str
    distance: float
    threshold: float
    drifted: bool
    simple: float
    by_model_monitor: float | None = None
    population_stability_index: float | None = None
    jensen_shannon: float | None = None
    p_value: float | None = None


class Rule(msgspec.Struct, frozen=True):
    """How a column is judged.

    Parameters
    ----------
    measure
        How the distance of numbers is measured.
    robust
        Whether what few rows explain is taken off.
    threshold
        The most that is no drift; of a p value, the least.
    chi_squared
        Whether texts are judged by the chi-squared test.
    """

    measure: Measure
    robust: bool
    threshold: float
    chi_squared: bool = False


def watch_of(baseline: FeatureStatistics | None, domains: frozenset[str] | None) -> Watch:
    """Say what of a column the current data has to tell, so that it can be compared.

    Parameters
    ----------
    baseline
        The column in the baseline; None where nothing is known of it.
    domains
        The texts that may stand in it.
    """
    keys = set(domains or ())
    points: set[float] = set()
    heavy: set[float] = set()
    if baseline is not None:
        keys |= set(baseline.categories or ())
        if baseline.levels and any(baseline.levels):
            known = weighted(baseline.levels)
            least = known.total * _LIGHT
            bounds = _bounds(baseline)[1:-1]
            points = {*known.values, *bounds}
            pairs = zip(known.values, known.rows, strict=True)
            heavy = {*bounds, *(value for value, rows in pairs if rows > least)}
    return Watch(tuple(sorted(points)), frozenset(heavy), frozenset(keys))


def drift_of(column: ColumnProfile, baseline: FeatureStatistics, rule: Rule) -> Drift | None:
    """Compare a column with its baseline.

    Returns
    -------
    Drift or None
        None where there is nothing to compare: the baseline has neither a sketch nor texts, or
        the column has no values of that kind.
    """
    if baseline.inferred_type in NUMERIC:
        return _of_numbers(column, baseline, rule)
    return _of_texts(column, baseline, rule)


def _of_numbers(column: ColumnProfile, baseline: FeatureStatistics, rule: Rule) -> Drift | None:
    levels, ranks = baseline.levels, column.ranks
    if not levels or not any(levels):
        return None
    old = without_ties(column.levels, levels) if any(column.levels) else None
    if rule.measure is Measure.MODEL_MONITOR:
        shift, beside = old, None
    else:
        shift = by_rows(ranks, weighted(levels)) if ranks and ranks.total else None
        beside = _distance(old, rule) if old else None
    if shift is None or ranks is None:
        return None
    bounds = _bounds(baseline)
    now, then = _in_buckets(ranks, bounds), bucket_counts(levels, bounds)
    distance = _distance(shift, rule)
    return Drift(
        column.name,
        distance,
        rule.threshold,
        distance > rule.threshold,
        shift.distance,
        beside,
        population_stability_index(now, then),
        jensen_shannon(now, then),
    )


def _distance(shift: Shift, rule: Rule) -> float:
    return shift.robust if rule.robust else shift.distance


def _bounds(baseline: FeatureStatistics) -> list[float]:
    """The bounds of the baseline's buckets, of equal width over its numbers."""
    values = weighted(baseline.levels or ()).values
    numbers = baseline.numerical_statistics
    if numbers is None or numbers.min is None or numbers.max is None:
        return bounds_of(values[0], values[-1])
    return bounds_of(numbers.min, numbers.max)


def _in_buckets(ranks: Ranks, bounds: Sequence[float]) -> list[int]:
    """Count current rows in the baseline's buckets; those outside are in the first or the last."""
    below = dict(zip(ranks.points, ranks.below, strict=True))
    edges = [0, *(below[bound] for bound in bounds[1:-1]), ranks.total]
    return [edges[n + 1] - edges[n] for n in range(len(edges) - 1)]


def _of_texts(column: ColumnProfile, baseline: FeatureStatistics, rule: Rule) -> Drift | None:
    known, rows = baseline.categories, column.counts.present
    if not known or not rows:
        return None
    current = column.categories
    shift = l_infinity(current, known, rows)
    keys = sorted({*current, *known})
    now = [current.get(key, 0) for key in keys]
    others = rows - sum(now)
    then = [known.get(key, 0) for key in keys]
    both = ([*now, others], [*then, 0]) if others else (now, then)
    tested = chi_squared(current, known)
    distance = _distance(shift, rule)
    drifted = distance > rule.threshold
    if rule.chi_squared:
        if tested is None:
            return None
        statistic, p = tested
        distance = p if rule.robust else statistic
        drifted = p < rule.threshold if rule.robust else statistic > rule.threshold
    return Drift(
        column.name,
        distance,
        rule.threshold,
        drifted,
        shift.distance,
        population_stability_index=population_stability_index(*both),
        jensen_shannon=jensen_shannon(*both),
        p_value=tested[1] if tested else None,
    )
