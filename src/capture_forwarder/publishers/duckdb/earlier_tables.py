"""Tables that an earlier version made, whose key was the inference id alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from capture_forwarder.publishers.column_types import TEXT
from capture_forwarder.publishers.duckdb.rows import LINE
from capture_forwarder.publishers.duckdb.tables import create_table, literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BEFORE = ""
"""The digest of rows that were stored before there was one."""


def add_lines(
    connection: DuckDBPyConnection, table: str, known: Mapping[str, str], key: Sequence[str]
) -> dict[str, str]:
    """Make the table anew with the column of digests; return its columns' types.

    Parameters
    ----------
    connection
        In a transaction.
    table, known
        The table and its columns' types.
    key
        The columns of its new key.
    """
    listed = ", ".join(map(quoted, known))
    own, kept = quoted(table), quoted(f"{table} {LINE}")
    comments = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE table_name = ?", [table]
    ).fetchall()  # a view is in no such list, and DuckDB refuses to drop it as a table
    connection.execute(f"CREATE TEMP TABLE {kept} AS FROM {own}")
    connection.execute(f"DROP TABLE {own}")
    types = {**known, LINE: TEXT}
    create_table(connection, table, types, key)
    connection.execute(
        f"INSERT INTO {own} ({listed}, {quoted(LINE)}) "  # noqa: S608 - quoted
        f"SELECT {listed}, ? FROM {kept}",
        [BEFORE],
    )
    connection.execute(f"DROP TABLE {kept}")
    for comment in (text for (text,) in comments if text is not None):
        connection.execute(f"COMMENT ON TABLE {own} IS {literal(str(comment))}")
    return types


def has_rows_from_before(connection: DuckDBPyConnection, table: str) -> bool:
    """Whether the table, which has the column of digests, holds rows without one."""
    found = f"SELECT 1 FROM {quoted(table)} WHERE {quoted(LINE)} = ? LIMIT 1"  # noqa: S608 - quoted
    return bool(connection.execute(found, [BEFORE]).fetchall())
