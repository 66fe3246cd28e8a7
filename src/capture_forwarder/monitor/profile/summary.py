"""One pass over a relation: counts by type, moments and distinct values of all columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from capture_forwarder.monitor.data.relation import Column, Relation
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.profile.expressions import expressions, number_of, with_numbers
from capture_forwarder.monitor.profile.moments import Moments
from capture_forwarder.monitor.profile.statistics import InferredType

_COLUMNS_AT_ONCE = 100
_IS_THERE = " IS NOT NULL"


class TypeCounts(msgspec.Struct, frozen=True):
    """How many values of a column are of which type, by their text.

    `looks_whole` are those of `fractional` that are stored as floating-point numbers without a
    fraction, so that nobody knows how they were written.
    """

    rows: int
    present: int
    whole: int
    fractional: int
    boolean: int
    looks_whole: int

    @property
    def text(self) -> int:
        """How many values are none of the others."""
        return self.present - self.whole - self.fractional - self.boolean

    @property
    def inferred(self) -> InferredType:
        """The column's type: any text, or a truth value, makes it String."""
        if not self.present:
            return InferredType.UNKNOWN
        if self.text or self.boolean:
            return InferredType.STRING
        return InferredType.FRACTIONAL if self.fractional else InferredType.INTEGRAL


class Summary(msgspec.Struct, frozen=True):
    """What one pass tells of a column; `extra` is what was asked for beside."""

    counts: TypeCounts
    moments: Moments
    distinct: int
    extra: object = None


class Extra(msgspec.Struct, frozen=True):
    """One more aggregate of a column, with the values of its parameters."""

    sql: str
    parameters: Mapping[str, object] = {}


def summarize(
    engine: Engine,
    relation: Relation,
    extras: Mapping[Column, Extra] | None = None,
    *,
    exact: bool,
) -> list[Summary]:
    """Look at all rows once, or once for each 100 columns.

    Parameters
    ----------
    engine
        Where the relation is.
    relation
        With at least one column.
    extras
        Column → a further aggregate.
    exact
        Whether distinct values are counted, and moments left to who looks at every value.

    Returns
    -------
    list[Summary]
        One for each column, in order.
    """
    found = []
    for first in range(0, len(relation.columns), _COLUMNS_AT_ONCE):
        columns = relation.columns[first : first + _COLUMNS_AT_ONCE]
        found += _summaries(engine, relation.sql, columns, extras or {}, exact=exact)
    return found


def _summaries(
    engine: Engine,
    source: str,
    columns: Sequence[Column],
    extras: Mapping[Column, Extra],
    *,
    exact: bool,
) -> list[Summary]:
    asked = [["count(*)"]]
    parameters: dict[str, object] = {}
    for column in columns:
        extra = extras.get(column, Extra("NULL"))
        asked.append([*_aggregates(column, exact=exact), extra.sql])
        parameters.update(extra.parameters)
    once = list(dict.fromkeys(sql for several in asked for sql in several))
    (row,) = engine.rows(
        f"SELECT {', '.join(once)} FROM {with_numbers(columns, source)}",
        parameters,
    )
    found = dict(zip(once, row, strict=True))
    ((rows,), *answers) = ([found[sql] for sql in several] for several in asked)
    return [_summary(cast("int", rows), answer) for answer in answers]


def _aggregates(column: Column, *, exact: bool) -> list[str]:
    of = expressions(column)
    number = number_of(column)
    counts = [
        f"count({of.is_present})",
        *map(_count, (of.is_whole, of.is_fractional, of.is_boolean, of.looks_whole)),
        f"count({number})",
    ]
    if exact:
        return [*counts, *["NULL"] * 4, f"count(DISTINCT {of.text})"]
    moments = (f"{name}({number})" for name in ("fsum", "min", "max", "stddev_pop"))
    return [*counts, *moments, f"approx_count_distinct({of.is_present})"]


def _count(condition: str) -> str:
    if condition == "false":
        return "0"
    if condition.endswith(_IS_THERE) and condition.count(" ") == _IS_THERE.count(" "):
        return f"count({condition.removesuffix(_IS_THERE)})"
    return f"count(*) FILTER (WHERE {condition})"


def _summary(rows: int, answers: Sequence[object]) -> Summary:
    counts = cast("Sequence[int]", answers[:6])
    numbers = cast("Sequence[float | None]", answers[6:10])
    total, low, high, deviation = map(_finite, numbers)
    return Summary(
        TypeCounts(rows, *counts[:5]),
        Moments(counts[5], total, low, high, deviation),
        cast("int", answers[10]),
        answers[11],
    )


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
