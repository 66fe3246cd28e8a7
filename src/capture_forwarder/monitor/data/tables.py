"""Tables and Parquet files → a relation of the types that they have."""

from __future__ import annotations

from collections.abc import Collection

from capture_forwarder.monitor.data.relation import Kind, Relation, numbered
from capture_forwarder.monitor.engines.port import Typed

PARQUET_SUFFIXES = (".parquet",)
DATABASE_SUFFIXES = (".duckdb", ".db")


def typed_relation(found: Typed, fractions: Collection[str] = ()) -> Relation:
    """Read data as the types that it has.

    Parameters
    ----------
    found
        Parquet files or a table.
    fractions
        Columns of which it does not matter whether a number is written as 3 or as 3.0.

    Raises
    ------
    UsageError
        Two columns have one name.
    """
    columns = numbered(found.names, found.kinds, found.what)
    quick = [
        Kind.FINITE if column.kind is Kind.NUMBER and column.name in fractions else column.kind
        for column in columns
    ]
    return Relation(
        found.sql,
        columns,
        quick=Relation(found.sql, numbered(found.names, quick, found.what)),
    )
