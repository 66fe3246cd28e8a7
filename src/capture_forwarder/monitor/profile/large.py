"""Data that does not fit into memory: one pass with a baseline's points, two without any.

Counts at points are exact. Between two points, numbers are taken to lie evenly. Each light point
has no more than a thousandth of the baseline; of four of them one is kept, so that a distance is
exact within 0.005, and within 0.003 where the baseline is large, too.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import cast

import msgspec

from capture_forwarder.monitor.data.relation import Column, Kind, Relation
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.errors import DataError
from capture_forwarder.monitor.profile.columns import ColumnProfile, Ranks, Watch
from capture_forwarder.monitor.profile.expressions import expressions, number_of, with_numbers
from capture_forwarder.monitor.profile.moments import Moments
from capture_forwarder.monitor.profile.sketch import Cell, sketch_of_cells
from capture_forwarder.monitor.profile.statistics import MOST_CATEGORIES, NUMERIC, InferredType
from capture_forwarder.monitor.profile.summary import Extra, Summary, summarize
from capture_forwarder.monitor.profile.texts import by_count, texts_of

_FEW_TEXTS = 1_000
_QUANTILES = 1_024
_EVERY = 4
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
    seen = [
        _Seen(summary, _few_texts(engine, head, column, summary))
        for column, summary in zip(head.columns, summarize(engine, head, exact=True), strict=True)
    ]
    if relation.quick is not None:
        try:
            return _passes(engine, relation.quick, seen, watched)
        except DataError:
            pass  # it is not as clean as it has to be
    return _passes(engine, relation, seen, watched)


class _Seen(msgspec.Struct, frozen=True):
    """What the first rows tell of a column; `texts` is None where they are many."""

    summary: Summary
    texts: frozenset[str] | None


def _few_texts(
    engine: Engine, head: Relation, column: Column, summary: Summary
) -> frozenset[str] | None:
    if summary.counts.inferred is not InferredType.STRING or summary.distinct > _FEW_TEXTS:
        return None
    (found,) = texts_of(engine, head, [column])
    return frozenset(found)


def _passes(
    engine: Engine, relation: Relation, seen: Sequence[_Seen], watched: Mapping[str, Watch]
) -> list[ColumnProfile]:
    relation = _without_numbers_of_words(relation, seen, watched)
    asked: dict[Column, Extra] = {}
    for column, before in zip(relation.columns, seen, strict=True):
        extra = _plan(column, before, watched.get(column.name, Watch()))
        if extra is not None:
            asked[column] = extra
    summaries = summarize(engine, relation, asked, exact=False)
    found: list[ColumnProfile] = []
    again: dict[Column, Extra] = {}
    for column, summary in zip(relation.columns, summaries, strict=True):
        if column.kind in {Kind.FINITE, Kind.BARE} and not _is_clean(summary):
            raise DataError("A column that was taken for finite numbers holds something else.")
        profiled = _profiled(column, summary, watched.get(column.name, Watch()))
        if _lacks_texts(profiled):
            profiled = _with_texts(engine, relation, column, profiled)
        elif _lacks_levels(profiled):
            points = _points(profiled, summary)
            again[column] = _histogram(column, points, points)
        found.append(profiled)
    if again:
        _second_pass(engine, relation, again, found)
    return found


def _without_numbers_of_words(
    relation: Relation, seen: Sequence[_Seen], watched: Mapping[str, Watch]
) -> Relation:
    columns = tuple(
        msgspec.structs.replace(column, kind=Kind.WORDS)
        if column.kind is Kind.TEXT
        and before.summary.counts.inferred is InferredType.STRING
        and not watched.get(column.name, Watch()).points
        else column
        for column, before in zip(relation.columns, seen, strict=True)
    )
    return msgspec.structs.replace(relation, columns=columns)


def _is_clean(summary: Summary) -> bool:
    """Whether all values are numbers, and their sum is finite; NaN and infinities make it not."""
    counts, moments = summary.counts, summary.moments
    numbers = counts.whole + counts.fractional
    return numbers == counts.present and (moments.sum is not None or not moments.count)


def _plan(column: Column, seen: _Seen, watch: Watch) -> Extra | None:
    """What to ask of a column in the first pass, beside its summary."""
    if watch.points:
        return _histogram(column, _kept(watch), watch.heavy)
    if seen.texts is not None or watch.keys:
        # The empty key counts all other texts, so that ours are never empty.
        keys = sorted(f"={text}" for text in {*(seen.texts or ()), *watch.keys})
        name = f"keys_{column.sql}"
        text = expressions(column).text
        return Extra(f"histogram_exact('=' || {text}, ${name}::VARCHAR[])", {name: keys})
    if seen.summary.counts.inferred is InferredType.STRING:
        return None
    return _quantiles(column)


def _histogram(column: Column, points: Sequence[float], heavy: Collection[float]) -> Extra:
    """Count the rows up to each point and, since that holds the point itself, just below some."""
    below = (math.nextafter(point, -math.inf) for point in heavy)
    bounds = sorted({*points, *below})
    name = f"bounds_{column.sql}"
    return Extra(f"histogram({number_of(column)}, ${name})", {name: bounds})


def _kept(watch: Watch) -> tuple[float, ...]:
    """The heavy points, and every fourth of the others."""
    light = [point for point in watch.points if point not in watch.heavy]
    return tuple(sorted({*watch.heavy, *light[::_EVERY], *light[-1:]}))


def _quantiles(column: Column) -> Extra:
    name = f"quantiles_{column.sql}"
    wanted = [n / _QUANTILES for n in range(_QUANTILES + 1)]
    return Extra(f"approx_quantile({number_of(column)}, ${name}::FLOAT[])", {name: wanted})


def _profiled(column: Column, summary: Summary, watch: Watch) -> ColumnProfile:
    profiled = ColumnProfile(column.name, summary.counts, summary.moments, summary.distinct)
    extra = summary.extra
    if watch.points:
        counted = cast("Mapping[float, int] | None", extra) or {}
        ranks = _ranks(counted, watch)
        levels: Sequence[Sequence[float]] = ()
        if profiled.inferred in NUMERIC:
            levels = _levels(counted, summary.moments)
        return msgspec.structs.replace(profiled, ranks=ranks, levels=levels)
    if isinstance(extra, dict):
        counted_texts = {
            key.removeprefix("="): rows
            for key, rows in cast("Mapping[str, int]", extra).items()
            if key and rows
        }
        complete = sum(counted_texts.values()) == summary.counts.present
        return msgspec.structs.replace(
            profiled,
            categories=by_count(counted_texts),
            all_categories=complete,
            distinct=len(counted_texts) if complete else profiled.distinct,
        )
    return profiled


def _ranks(counted: Mapping[float, int], watch: Watch) -> Ranks:
    points = _kept(watch)
    bounds = sorted(counted)
    sums = dict(zip(bounds, accumulate(counted[bound] for bound in bounds), strict=True))
    below = tuple(
        sums.get(math.nextafter(point, -math.inf) if point in watch.heavy else point, 0)
        for point in points
    )
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


def _lacks_levels(profiled: ColumnProfile) -> bool:
    return profiled.inferred in NUMERIC and not profiled.levels and profiled.moments.count > 0


def _lacks_texts(profiled: ColumnProfile) -> bool:
    few = profiled.distinct <= MOST_CATEGORIES * _ESTIMATE
    return profiled.inferred is InferredType.STRING and few and not profiled.all_categories


def _with_texts(
    engine: Engine, relation: Relation, column: Column, profiled: ColumnProfile
) -> ColumnProfile:
    """Count texts of which the first rows did not have all."""
    (counted,) = texts_of(engine, relation, [column])
    if len(counted) > MOST_CATEGORIES:
        return profiled  # an estimate does not decide what is compared
    return msgspec.structs.replace(
        profiled, categories=counted, all_categories=True, distinct=len(counted)
    )


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
    source = with_numbers(columns, relation.sql)
    (answers,) = engine.rows(
        f"SELECT {listed} FROM {source}",
        parameters,
    )
    for column, answer in zip(columns, answers, strict=True):
        index = index_of[column]
        levels = _levels(cast("Mapping[float, int]", answer), found[index].moments)
        found[index] = msgspec.structs.replace(found[index], levels=levels)
