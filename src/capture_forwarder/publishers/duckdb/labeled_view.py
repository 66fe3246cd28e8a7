"""The view of a table's rows with their labels: it stands once both tables do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capture_forwarder.publishers.duckdb.tables import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LABELS = "_labels"
"""How the name of the table with labels ends, behind that of the table with rows."""

LABELED = "_labeled"
"""How the name of the view ends."""

LABEL_KEY = "inference_id"
"""The column of the table with labels that holds the ids of inferences."""


def refresh_view(connection: DuckDBPyConnection, table: str) -> None:
    """Make the view anew, since it has the columns that the tables had when it was made.

    Parameters
    ----------
    connection
        In a transaction.
    table
        The table with rows.
    """
    key = key_of(connection, table)
    if key is None or key_of(connection, f"{table}{LABELS}") is None:
        return
    connection.execute(
        f"CREATE OR REPLACE VIEW {quoted(table + LABELED)} AS "  # noqa: S608 - quoted
        f"SELECT row.*, label.* EXCLUDE ({quoted(LABEL_KEY)}) "
        f"FROM {quoted(table)} AS row LEFT JOIN {quoted(table + LABELS)} AS label "
        f"ON row.{quoted(key)} = label.{quoted(LABEL_KEY)}"
    )


def key_of(connection: DuckDBPyConnection, table: str) -> str | None:
    """The first column of a table's key: the id of its inferences; None if there is no table."""
    found = connection.execute(
        "SELECT constraint_column_names FROM duckdb_constraints() "
        "WHERE table_name = ? AND schema_name = 'main' AND constraint_type = 'PRIMARY KEY'",
        [table],
    ).fetchall()
    return str(found[0][0][0]) if found else None
