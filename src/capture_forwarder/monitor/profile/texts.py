"""How many rows have which text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from capture_forwarder.monitor.data.relation import Column, Relation
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.profile.expressions import expressions


def texts_of(engine: Engine, relation: Relation, columns: Sequence[Column]) -> list[dict[str, int]]:
    """Count the rows of each text, in one query for all columns.

    Parameters
    ----------
    engine
        Where the relation is.
    relation
        All rows.
    columns
        Columns with few texts.

    Returns
    -------
    list[dict[str, int]]
        Text → rows of each column, the most frequent one first.
    """
    if not columns:
        return []
    counted: list[dict[str, int]] = [{} for _ in columns]
    each = (
        f"SELECT {index} AS item, value, count(*) AS n "
        f"FROM (SELECT {expressions(column).text} AS value FROM {relation.sql}) "
        "WHERE value IS NOT NULL GROUP BY value"
        for index, column in enumerate(columns)
    )
    for item, value, rows in engine.rows(" UNION ALL ".join(each)):
        counted[cast("int", item)][str(value)] = cast("int", rows)
    return [by_count(one) for one in counted]


def by_count(counted: Mapping[str, int]) -> dict[str, int]:
    """Put the most frequent text first, and those that are as frequent in their order."""
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
