"""Histograms on Spark: each value's place among bounds or texts, and the rows of each place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from capture_forwarder.monitor.engines.port import Row
from capture_forwarder.monitor.engines.spark.dialect import Tally


class Query(msgspec.Struct, frozen=True):
    """A query that gives the item, its place and the rows there, and its parameters."""

    sql: str
    arguments: Mapping[str, str]


def of_numbers(tallies: Sequence[Tally], source: str, bounds: Sequence[Sequence[float]]) -> Query:
    """Count the numbers up to each bound; the place is the number of bounds below a value.

    A binary search, one step a nested query, in arrays whose length is a power of two less one.
    """
    steps = max(map(len, bounds)).bit_length()
    width = (1 << steps) - 1
    arguments = {
        f"list_{item}": ",".join([*map(repr, listed), *["Infinity"] * (width - len(listed))])
        for item, listed in enumerate(bounds)
    }
    arrays = ", ".join(f"CAST(SPLIT(:{name}, ',') AS ARRAY<DOUBLE>)" for name in arguments)
    sql = (
        f"SELECT item, value, ARRAY({arrays})[item] AS bounds, 0 AS place "
        f"FROM ({_stacked(tallies, source)}) WHERE value IS NOT NULL"
    )
    for step in (1 << n for n in reversed(range(steps))):
        further = f"place + IF(value > bounds[place + {step - 1}], {step}, 0)"
        sql = f"SELECT item, value, bounds, {further} AS place FROM ({sql})"
    return Query(f"SELECT item, place, COUNT(*) FROM ({sql}) GROUP BY item, place", arguments)


def of_texts(tallies: Sequence[Tally], source: str, keys: Sequence[Sequence[str]]) -> Query:
    """Count the texts of some keys; the place of all others is null."""
    arguments = {
        f"list_{item}": msgspec.json.encode(listed).decode() for item, listed in enumerate(keys)
    }
    known = " UNION ALL ".join(
        f"SELECT {item} AS item, EXPLODE(FROM_JSON(:{name}, 'ARRAY<STRING>')) AS text"
        for item, name in enumerate(arguments)
    )
    return Query(
        "SELECT /*+ BROADCAST(known) */ found.item, known.text, COUNT(*) "
        f"FROM ({_stacked(tallies, source)}) AS found LEFT JOIN ({known}) AS known "
        "ON found.item = known.item AND found.value = known.text "
        "WHERE found.value IS NOT NULL GROUP BY found.item, known.text",
        arguments,
    )


def counted_numbers(
    rows: Sequence[Row], bounds: Sequence[Sequence[float]]
) -> list[dict[float, int] | None]:
    """Read what `of_numbers` gives, as DuckDB's `histogram`: what is above all is at infinity."""
    found: list[dict[float, int]] = [dict.fromkeys(listed, 0) for listed in bounds]
    for item, place, count in cast("Sequence[tuple[int, int, int]]", rows):
        listed = bounds[item]
        found[item][listed[place] if place < len(listed) else math.inf] = count
    return [one if any(one.values()) else None for one in found]


def counted_texts(
    rows: Sequence[Row], keys: Sequence[Sequence[str]]
) -> list[dict[str, int] | None]:
    """Read what `of_texts` gives, as DuckDB's `histogram_exact`: all others are the empty text."""
    found: list[dict[str, int]] = [dict.fromkeys(listed, 0) for listed in keys]
    for item, text, count in cast("Sequence[tuple[int, str | None, int]]", rows):
        found[item]["" if text is None else text] = count
    return [one if any(one.values()) else None for one in found]


def _stacked(tallies: Sequence[Tally], source: str) -> str:
    """Write a query that has a row for each value of each tally."""
    listed = ", ".join(f"{item}, {tally.value}" for item, tally in enumerate(tallies))
    return f"SELECT STACK({len(tallies)}, {listed}) AS (item, value) FROM {source}"
