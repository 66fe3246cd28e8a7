"""A relation → its profile, and the profile as `statistics.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.profile.columns import ColumnProfile, Profile, Watch
from capture_forwarder.monitor.profile.large import profile_large
from capture_forwarder.monitor.profile.sketch import bounds_of, bucket_counts
from capture_forwarder.monitor.profile.small import profile_small
from capture_forwarder.monitor.profile.statistics import (
    MOST_CATEGORIES,
    NUMERIC,
    Bucket,
    Categorical,
    Category,
    Common,
    Dataset,
    FeatureStatistics,
    InferredType,
    Kll,
    NumberDistribution,
    NumericalStatistics,
    SketchData,
    SketchParameters,
    Statistics,
    StringStatistics,
    TextDistribution,
)

_MOST_ROWS = 100_000
_LEAST_ROWS = 4_096
_MOST_VALUES = 2_000_000
_HEAD = "head"


def profile_of(
    engine: Engine, relation: Relation, watched: Mapping[str, Watch] | None = None
) -> Profile:
    """Find out what is to know of data.

    Up to 100,000 rows (fewer where there are many columns: two million values) all is exact, and
    sketches are those of Model Monitor. Of more rows, distinct values are estimated and sketches
    are made of exact counts between points.

    Parameters
    ----------
    engine
        Where the relation is.
    relation
        The data.
    watched
        Column name → what a baseline wants to know beside.

    Raises
    ------
    DataError
        The data cannot be read to its end.
    """
    if not relation.columns:
        return Profile(0, notes=relation.notes)
    most = max(_LEAST_ROWS, min(_MOST_ROWS, _MOST_VALUES // len(relation.columns)))
    # Rows are counted before any is kept, since that reads none of their values.
    ((held,),) = engine.rows(
        f"SELECT count(*) FROM (SELECT 1 FROM {relation.sql} LIMIT {most + 1})"
    )
    is_small = cast("int", held) <= most
    engine.keep_first(_HEAD, relation, most if is_small else _LEAST_ROWS)
    head = Relation(_HEAD, relation.columns)
    found = watched or {}
    if is_small:
        columns = profile_small(engine, head, found)
    else:
        columns = profile_large(engine, relation, head, found)
    engine.forget(_HEAD)
    return Profile(columns[0].counts.rows, tuple(columns), relation.notes)


def statistics_of(profile: Profile) -> Statistics:
    """Write a profile as `statistics.json` has it."""
    features = tuple(_feature(column) for column in profile.columns)
    return Statistics(Dataset(profile.rows), features)


def _feature(column: ColumnProfile) -> FeatureStatistics:
    counts = column.counts
    common = Common(counts.present, counts.rows - counts.present)
    completeness = counts.present / counts.rows if counts.rows else 0.0
    if column.inferred in NUMERIC:
        numbers = _numbers(column, common, completeness)
        return FeatureStatistics(column.name, column.inferred, numerical_statistics=numbers)
    texts = StringStatistics(
        common,
        distinct_count=float(column.distinct),
        completeness=completeness,
        distribution=_texts(column),
    )
    return FeatureStatistics(column.name, column.inferred, string_statistics=texts)


def _numbers(column: ColumnProfile, common: Common, completeness: float) -> NumericalStatistics:
    moments = column.moments
    return NumericalStatistics(
        common,
        moments.mean,
        moments.sum,
        moments.std_dev,
        moments.min,
        moments.max,
        approximate_num_distinct_values=column.distinct,
        completeness=completeness,
        distribution=_distribution(column),
    )


def _distribution(column: ColumnProfile) -> NumberDistribution | None:
    low, high = column.moments.min, column.moments.max
    if low is None or high is None:
        return None
    bounds = bounds_of(low, high)
    counts = bucket_counts(column.levels, bounds)
    buckets = tuple(
        Bucket(bounds[n], bounds[n + 1], float(count)) for n, count in enumerate(counts)
    )
    data = tuple(tuple(items) for items in column.levels)
    return NumberDistribution(Kll(buckets, SketchData(SketchParameters(), data)))


def _texts(column: ColumnProfile) -> TextDistribution | None:
    complete = column.inferred is InferredType.STRING and column.all_categories
    if not complete or len(column.categories) > MOST_CATEGORIES:
        return None
    buckets = tuple(Category(value, count) for value, count in column.categories.items())
    return TextDistribution(Categorical(buckets))
