"""Rows of endpoints and hours → how many there are, and what is in their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec

from capture_forwarder.monitor.arrived.sources import Source
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.engines.port import identifier

_COLUMNS_AT_ONCE = 50
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_ORDERED = (
    *(*_WHOLE, *(f"U{kind}" for kind in _WHOLE)),
    *("DOUBLE", "FLOAT", "DECIMAL", "TIMESTAMP", "DATE"),
)
Hour = tuple[str, datetime | None]
"""An endpoint, and the hour that its capture files are of, in UTC; None where it is not known."""


class ColumnFigures(msgspec.Struct, frozen=True):
    """What is in a column. Smallest, middle and largest are those of numbers and times alone."""

    name: str
    type: str
    nulls: int
    min: float | str | None
    median: float | str | None
    max: float | str | None
    distinct: int


class Arrived(msgspec.Struct, frozen=True):
    """What has arrived of an endpoint in an hour, or in all of them.

    Parameters
    ----------
    endpoint, hour
        Of which endpoint and hour; None for all hours.
    calls
        How many calls there were; None where rows do not say.
    rows
        How many rows.
    refused
        Reason → how many lines and inferences of it are in the quarantine.
    columns
        What is in the columns.
    """

    endpoint: str
    hour: datetime | None
    calls: int | None
    rows: int
    refused: Mapping[str, int]
    columns: Sequence[ColumnFigures]

    @property
    def nulls(self) -> int:
        """How many values are null, in all columns."""
        return sum(column.nulls for column in self.columns)


class EndpointArrivals(msgspec.Struct, frozen=True):
    """What has arrived of an endpoint: in all, and in each hour, the earliest first."""

    total: Arrived
    hours: Sequence[Arrived]


def count_arrivals(
    engine: DuckDBEngine,
    sources: Sequence[Source],
    window: Window,
    refused: Mapping[tuple[str, datetime | None, str], int],
) -> list[EndpointArrivals]:
    """Count what has arrived of each endpoint.

    Parameters
    ----------
    engine
        Reads the rows.
    sources
        Where they are.
    window
        Only rows of these hours.
    refused
        Endpoint, hour and reason → how many lines and inferences are in the quarantine.

    Raises
    ------
    DataError
        The rows cannot be read.
    """
    totals: dict[str, Arrived] = {}
    hours: dict[Hour, Arrived] = {}
    for source in sources:
        before = set(totals)
        for is_total, found in _of_source(engine, source, window):
            one = found
            if one.endpoint in before:  # as where one table has the rows of several endpoints
                name = f"{one.endpoint} (table {source.name})"
                one = msgspec.structs.replace(one, endpoint=name)
            if is_total:
                totals[one.endpoint] = one
            else:
                hours[one.endpoint, one.hour] = one
    for (endpoint, hour, reason), count in refused.items():
        if not window.is_limited or (hour is not None and window.has_hour(hour)):
            nothing = Arrived(endpoint, None, None, 0, {}, ())
            totals[endpoint] = _refusing(totals.get(endpoint, nothing), reason, count)
            nothing = msgspec.structs.replace(nothing, hour=hour)
            own = hours.get((endpoint, hour), nothing)
            hours[endpoint, hour] = _refusing(own, reason, count)
    return [
        EndpointArrivals(
            totals[endpoint],
            sorted(
                (one for one in hours.values() if one.endpoint == endpoint),
                key=lambda one: one.hour or datetime.min.replace(tzinfo=UTC),
            ),
        )
        for endpoint in sorted(totals)
    ]


def _refusing(one: Arrived, reason: str, count: int) -> Arrived:
    reasons = {**one.refused, reason: one.refused.get(reason, 0) + count}
    return msgspec.structs.replace(one, refused=reasons)


def _of_source(
    engine: DuckDBEngine, source: Source, window: Window
) -> Iterator[tuple[bool, Arrived]]:
    """Count the rows of each endpoint, in all and in each hour."""
    figures: dict[tuple[bool, str, object], list[ColumnFigures]] = {}
    names = list(source.columns)
    for first in range(0, len(names), _COLUMNS_AT_ONCE):
        some = names[first : first + _COLUMNS_AT_ONCE]
        aggregates = [part for name in some for part in _aggregates(name, source.columns[name])]
        for is_total, endpoint, hour, *values in engine.rows(_sql(source, window, aggregates)):
            own = figures.setdefault((bool(is_total), str(endpoint), hour), [])
            for index, name in enumerate(some):
                found = values[5 * index : 5 * index + 5]
                own.append(_figures(name, source.columns[name], found))
    counts = ["count(*)", f"count(DISTINCT {source.call})" if source.call else "NULL"]
    for is_total, endpoint, hour, rows, calls in engine.rows(_sql(source, window, counts)):
        yield (
            bool(is_total),
            Arrived(
                str(endpoint),
                hour.replace(tzinfo=UTC) if isinstance(hour, datetime) else None,
                cast("int | None", calls),
                cast("int", rows),
                {},
                figures.get((bool(is_total), str(endpoint), hour), ()),
            ),
        )


def _sql(source: Source, window: Window, aggregates: Sequence[str]) -> str:
    limits = []
    if window.since is not None:
        limits.append(f"the_hour >= TIMESTAMP '{_naive(window.since)}'")
    if window.until is not None:
        limits.append(f"the_hour < TIMESTAMP '{_naive(window.until)}'")
    where = f"WHERE {' AND '.join(limits)}" if limits else ""
    return (
        f"SELECT grouping(the_hour), the_endpoint, the_hour, {', '.join(aggregates)} "
        f"FROM (SELECT {source.endpoint} AS the_endpoint, {source.hour} AS the_hour, * "
        f"FROM {source.sql}) {where} "
        "GROUP BY GROUPING SETS ((the_endpoint, the_hour), (the_endpoint))"
    )


def _aggregates(name: str, kind: str) -> list[str]:
    """The parts of a statement that give a column's figures."""
    column = identifier(name)
    value = column
    if not kind.startswith(_ORDERED) or kind.endswith("]"):
        value, ordered = f"{column}::VARCHAR", ["NULL", "NULL", "NULL"]
    else:
        value = f"nullif({column}, 'nan')" if kind in {"DOUBLE", "FLOAT"} else column
        ordered = [f"{one}({value})" for one in ("min", "median", "max")]
    return [f"count(*) - count({column})", *ordered, f"count(DISTINCT {value})"]


def _figures(name: str, kind: str, values: Sequence[object]) -> ColumnFigures:
    nulls, least, middle, most, distinct = values
    return ColumnFigures(
        name,
        kind,
        cast("int", nulls),
        _plain(least),
        _plain(middle),
        _plain(most),
        cast("int", distinct),
    )


def _plain(value: object) -> float | str | None:
    if value is None or isinstance(value, int | float):
        return value
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _naive(time: datetime) -> str:
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
