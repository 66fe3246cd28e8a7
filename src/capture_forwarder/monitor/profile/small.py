"""Data that fits into memory: every value is looked at, in the order of the rows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import msgspec

from capture_forwarder.monitor.data.relation import Column, Relation
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.profile.columns import ColumnProfile, Ranks, Watch
from capture_forwarder.monitor.profile.expressions import number_of, with_numbers
from capture_forwarder.monitor.profile.moments import moments_of
from capture_forwarder.monitor.profile.sketch import sketch_of
from capture_forwarder.monitor.profile.statistics import MOST_CATEGORIES, NUMERIC, InferredType
from capture_forwarder.monitor.profile.summary import Summary, summarize
from capture_forwarder.monitor.profile.texts import texts_of

_VALUES_AT_ONCE = 500_000
_COLUMNS_AT_ONCE = 20
_PART = "part"


def profile_small(
    engine: Engine, relation: Relation, watched: Mapping[str, Watch]
) -> list[ColumnProfile]:
    """Look at columns value by value.

    Parameters
    ----------
    engine
        Where the relation is.
    relation
        A table whose rows come in the order of the data.
    watched
        Column name → what to find out beside.
    """
    if len(relation.columns) <= _COLUMNS_AT_ONCE:
        return _profile_few(engine, relation, watched)
    found = []
    for first in range(0, len(relation.columns), _COLUMNS_AT_ONCE):
        columns = relation.columns[first : first + _COLUMNS_AT_ONCE]
        listed = ", ".join(column.sql for column in columns)
        # A query of some columns of a wide table is planned as slowly as one of all of them.
        engine.keep(_PART, f"SELECT {listed} FROM {relation.sql}")
        found += _profile_few(engine, Relation(_PART, columns), watched)
    engine.forget(_PART)
    return found


def _profile_few(
    engine: Engine, relation: Relation, watched: Mapping[str, Watch]
) -> list[ColumnProfile]:
    summaries = summarize(engine, relation, exact=True)
    found = [
        ColumnProfile(column.name, summary.counts, summary.moments, summary.distinct)
        for column, summary in zip(relation.columns, summaries, strict=True)
    ]
    index_of = {column: index for index, column in enumerate(relation.columns)}
    with_numbers = [
        column
        for column, summary in zip(relation.columns, summaries, strict=True)
        if summary.moments.count
        and (summary.counts.inferred in NUMERIC or _watch(column, watched).points)
    ]
    for column, values in _numbers(engine, relation, with_numbers, summaries):
        index = index_of[column]
        found[index] = _with_numbers(found[index], values, _watch(column, watched))
    few = [
        column
        for index, column in enumerate(relation.columns)
        if _wants_categories(found[index], _watch(column, watched))
    ]
    for column, counted in zip(few, texts_of(engine, relation, few), strict=True):
        index = index_of[column]
        found[index] = msgspec.structs.replace(
            found[index], categories=counted, all_categories=True
        )
    return found


def _watch(column: Column, watched: Mapping[str, Watch]) -> Watch:
    return watched.get(column.name, Watch())


def _wants_categories(column: ColumnProfile, watch: Watch) -> bool:
    few = column.inferred is InferredType.STRING and column.distinct <= MOST_CATEGORIES
    return few or bool(watch.keys)


def _numbers(
    engine: Engine, relation: Relation, columns: Sequence[Column], summaries: Sequence[Summary]
) -> Iterator[tuple[Column, list[float]]]:
    rows = max(1, summaries[0].counts.rows)
    some = min(_COLUMNS_AT_ONCE, max(1, _VALUES_AT_ONCE // rows))
    for first in range(0, len(columns), some):
        these = columns[first : first + some]
        listed = ", ".join(map(number_of, these))
        values: list[list[float]] = [[] for _ in these]
        source = with_numbers(these, relation.sql)
        sql = f"SELECT {listed} FROM {source}"
        for several in engine.in_turn(sql):
            for held, more in zip(values, zip(*several, strict=True), strict=True):
                held += [cast("float", value) for value in more if value is not None]
        yield from zip(these, values, strict=True)


def _with_numbers(column: ColumnProfile, values: list[float], watch: Watch) -> ColumnProfile:
    is_number = column.inferred in NUMERIC
    return msgspec.structs.replace(
        column,
        moments=moments_of(values),
        distinct=len(set(values)) if is_number else column.distinct,
        levels=sketch_of(values) if is_number else (),
        ranks=_ranks(sorted(values), watch.points) if watch.points else None,
    )


def _ranks(values: Sequence[float], points: tuple[float, ...]) -> Ranks:
    return Ranks(
        points,
        tuple(bisect_left(values, point) for point in points),
        tuple(bisect_right(values, point) for point in points),
        len(values),
    )
