"""Data that does not fit into memory: one pass with a baseline's points, two without any.

Counts at points are exact. Between two points, numbers are taken to lie evenly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import cast

import msgspec

from capture_forwarder.monitor.data.engine import Engine
from capture_forwarder.monitor.data.relation import Column, Relation
from capture_forwarder.monitor.profile.columns import ColumnProfile, Ranks, Watch
from capture_forwarder.monitor.profile.expressions import expressions
from capture_forwarder.monitor.profile.sketch import Cell, sketch_of_cells
from capture_forwarder.monitor.profile.statistics import MOST_CATEGORIES, NUMERIC, InferredType
from capture_forwarder.monitor.profile.summary import Extra, Moments, Summary, summarize

_FEW_TEXTS = 1_000
_QUANTILES = 1_024
_ESTIMATE = 1.3  # a count of distinct values is estimated, and may be as much too high


def profile_large(
    engine: Engine, relation: Relation, head: Relation, watched: Mapping[str, Watch]
) -> list[ColumnProfile]:
    """Look at columns in one or two passes over the relation.

    Parameters
    ----------
    engine
        Where the relations are.
    relation
        All rows.
    head
        The first of them, by which it is decided what is asked of which column.
    watched
        Column name → what to find out beside.
    """
    first = summarize(engine, head, exact=True)
    plans = {
        column: _plan(column, summary, watched.get(column.name, Watch()))
        for column, summary in zip(relation.columns, first, strict=True)
    }
    asked = {column: extra for column, extra in plans.items() if extra is not None}
    summaries = summarize(engine, relation, asked, exact=False)
    found: list[ColumnProfile] = []
    again: dict[Column, Extra] = {}
    for column, summary in zip(relation.columns, summaries, strict=True):
        watch = watched.get(column.name, Watch())
        profiled = _profiled(column, summary, watch)
        found.append(profiled)
        if (more := _second(column, profiled, summary)) is not None:
            again[column] = more
    if again:
        _second_pass(engine, relation, again, found)
    return found


def _plan(column: Column, head: Summary, watch: Watch) -> Extra | None:
    """What to ask of a column in the first pass, beside its summary."""
    if watch.points:
        return _histogram(column, watch.points)
    if not watch.keys and head.counts.inferred is not InferredType.STRING:
        return _quantiles(column)
    text = expressions(column).text
    if head.distinct <= _FEW_TEXTS:
        return Extra(f"histogram({text})")
    if watch.keys:
        keys = f"keys_{column.sql}"
        counted = f"histogram(CASE WHEN list_contains(${keys}, {text}) THEN {text} END)"
        return Extra(counted, {keys: sorted(watch.keys)})
    return None


def _histogram(column: Column, points: Sequence[float]) -> Extra:
    """Count the rows up to each point and, since that holds the point itself, just below it."""
    bounds = sorted({bound for p in points for bound in (math.nextafter(p, -math.inf), p)})
    name = f"bounds_{column.sql}"
    return Extra(f"histogram({expressions(column).number}, ${name})", {name: bounds})


def _quantiles(column: Column) -> Extra:
    name = f"quantiles_{column.sql}"
    wanted = [n / _QUANTILES for n in range(_QUANTILES + 1)]
    return Extra(f"approx_quantile({expressions(column).number}, ${name})", {name: wanted})


def _profiled(column: Column, summary: Summary, watch: Watch) -> ColumnProfile:
    profiled = ColumnProfile(column.name, summary.counts, summary.moments, summary.distinct)
    extra = summary.extra
    if watch.points:
        counted = cast("Mapping[float, int] | None", extra) or {}
        ranks = _ranks(counted, watch.points)
        levels: Sequence[Sequence[float]] = ()
        if profiled.inferred in NUMERIC:
            levels = _levels(counted, summary.moments)
        return msgspec.structs.replace(profiled, ranks=ranks, levels=levels)
    if isinstance(extra, dict):
        counted_texts = cast("Mapping[str, int]", extra)
        complete = sum(counted_texts.values()) == summary.counts.present
        return msgspec.structs.replace(
            profiled,
            categories=_by_count(counted_texts),
            all_categories=complete,
            distinct=len(counted_texts) if complete else profiled.distinct,
        )
    return profiled


def _by_count(counted: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _ranks(counted: Mapping[float, int], points: tuple[float, ...]) -> Ranks:
    bounds = sorted(counted)
    sums = dict(zip(bounds, accumulate(counted[bound] for bound in bounds), strict=True))
    below = tuple(sums.get(math.nextafter(point, -math.inf), 0) for point in points)
    up_to = tuple(sums.get(point, 0) for point in points)
    return Ranks(points, below, up_to, sum(counted.values()))


def _levels(counted: Mapping[float, int], moments: Moments) -> list[list[float]]:
    """Make a sketch of counts up to bounds; the last, infinite one holds what is above all."""
    low, high = moments.min, moments.max
    if low is None or high is None:
        return [[]]
    bounds = sorted(counted)
    cells = [_cell(-math.inf, bounds[0], counted[bounds[0]], low, high)]
    cells += [_cell(one, other, counted[other], low, high) for one, other in pairwise(bounds)]
    return sketch_of_cells(cells, moments.count)


def _cell(below: float, bound: float, rows: int, low: float, high: float) -> Cell:
    top = min(bound, high)
    bottom = max(math.nextafter(below, math.inf), low)
    return Cell(min(bottom, top), top, rows)


def _second(column: Column, profiled: ColumnProfile, summary: Summary) -> Extra | None:
    """What is still to find out of a column."""
    if profiled.inferred in NUMERIC and not profiled.levels and summary.moments.count:
        return _histogram(column, _points(profiled, summary))
    few = profiled.distinct <= MOST_CATEGORIES * _ESTIMATE
    if profiled.inferred is InferredType.STRING and few and not profiled.all_categories:
        return Extra(f"histogram({expressions(column).text})")
    return None


def _points(profiled: ColumnProfile, summary: Summary) -> list[float]:
    """Quantiles, which are estimates; whole ones of whole numbers, so that each is a value."""
    low, high = summary.moments.min, summary.moments.max
    if low is None or high is None:
        return []
    found = summary.extra
    if not isinstance(found, list):  # it was taken for text
        found = [low + (high - low) * n / _QUANTILES for n in range(_QUANTILES)]
    points = {float(one) for one in (*found, low, high) if math.isfinite(one)}
    if profiled.inferred is InferredType.INTEGRAL:
        points = {float(round(one)) for one in points}
    return sorted(points)


def _second_pass(
    engine: Engine, relation: Relation, again: Mapping[Column, Extra], found: list[ColumnProfile]
) -> None:
    index_of = {column: index for index, column in enumerate(relation.columns)}
    columns = list(again)
    parameters = {
        name: value for extra in again.values() for name, value in extra.parameters.items()
    }
    listed = ", ".join(extra.sql for extra in again.values())
    (answers,) = engine.rows(
        f"SELECT {listed} FROM {relation.sql}",  # noqa: S608 - made of our own names
        parameters,
    )
    for column, answer in zip(columns, answers, strict=True):
        index = index_of[column]
        profiled = found[index]
        if profiled.inferred in NUMERIC:
            levels = _levels(cast("Mapping[float, int]", answer), profiled.moments)
            found[index] = msgspec.structs.replace(profiled, levels=levels)
        else:
            counted = _by_count(cast("Mapping[str, int]", answer))
            found[index] = msgspec.structs.replace(
                profiled, categories=counted, all_categories=True, distinct=len(counted)
            )
