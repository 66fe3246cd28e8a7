"""The table's columns and their types: read, made, and widened so that they hold what comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from capture_forwarder.core.letter_case import folded
from capture_forwarder.publishers.duckdb.rows import LINE
from capture_forwarder.publishers.duckdb.types import NULLS, TEXT, widened

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BEFORE = ""
"""The digest of rows that were stored before there was one."""


class TableShape:
    """Brings one table into shape, within a transaction of the caller's.

    Parameters
    ----------
    table
        The table's name.
    key
        The column with the inference id.
    """

    def __init__(self, table: str, key: str) -> None:
        self._table = table
        self._key = key

    def read(self, connection: DuckDBPyConnection) -> dict[str, str]:
        """Read the types of the table's columns; none if it does not exist."""
        found = connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_name = ? AND table_schema = 'main' ORDER BY ordinal_position",
            [self._table],
        ).fetchall()
        return {str(name): str(kind) for name, kind in found}

    def fit(
        self, connection: DuckDBPyConnection, known: Mapping[str, str], needed: Mapping[str, str]
    ) -> dict[str, str]:
        """Make or widen the table so that it holds values of some types.

        A column without a value so far is there as null, and gets its type with its first value.

        Parameters
        ----------
        connection
            The open database.
        known, needed
            Column → its type in the table, and the type that it needs.

        Returns
        -------
        dict
            The types of the table's columns now.
        """
        if not known:
            self._create(connection, needed)
            return dict(needed)
        if LINE not in known:
            known = self._with_lines(connection, known)
        fitted = dict(known)
        spelling = spelling_of(known)
        for name, kind in needed.items():
            own = spelling.get(folded(name))
            if own is None:
                fitted[name] = kind
                change = f"ADD COLUMN {quoted(name)} {kind}"
            elif (wider := widened(known[own], kind)) != known[own]:
                if known[own] == NULLS and self._has_values(connection, own):
                    wider = TEXT  # somebody else's column
                fitted[own] = wider
                change = f"ALTER COLUMN {quoted(own)} TYPE {wider}"
            else:
                continue
            connection.execute(f"ALTER TABLE {quoted(self._table)} {change}")
        return fitted

    def has_rows_from_before(self, connection: DuckDBPyConnection) -> bool:
        """Whether the table, which exists, holds rows without a digest."""
        table = quoted(self._table)
        found = f"SELECT 1 FROM {table} WHERE {quoted(LINE)} = ? LIMIT 1"  # noqa: S608 - quoted
        return bool(connection.execute(found, [BEFORE]).fetchall())

    def _has_values(self, connection: DuckDBPyConnection, column: str) -> bool:
        count = f"SELECT count({quoted(column)}) FROM {quoted(self._table)}"  # noqa: S608 - quoted
        return connection.execute(count).fetchall() != [(0,)]

    def _create(self, connection: DuckDBPyConnection, types: Mapping[str, str]) -> None:
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in types.items())
        keyed = f"{columns}, PRIMARY KEY ({quoted(self._key)}, {quoted(LINE)})"
        connection.execute(f"CREATE TABLE {quoted(self._table)} ({keyed})")

    def _with_lines(
        self, connection: DuckDBPyConnection, known: Mapping[str, str]
    ) -> dict[str, str]:
        """Rebuild a table of an earlier version, whose key was the inference id alone."""
        listed = ", ".join(map(quoted, known))
        table, kept = quoted(self._table), quoted(f"{self._table} {LINE}")
        comments = connection.execute(
            "SELECT comment FROM duckdb_tables() WHERE table_name = ?", [self._table]
        ).fetchall()  # a view is in no such list, and DuckDB refuses to drop it as a table
        connection.execute(f"CREATE TEMP TABLE {kept} AS FROM {table}")
        connection.execute(f"DROP TABLE {table}")
        types = {**known, LINE: TEXT}
        self._create(connection, types)
        connection.execute(
            f"INSERT INTO {table} ({listed}, {quoted(LINE)}) "  # noqa: S608 - quoted
            f"SELECT {listed}, ? FROM {kept}",
            [BEFORE],
        )
        connection.execute(f"DROP TABLE {kept}")
        for comment in (text for (text,) in comments if text is not None):
            connection.execute(f"COMMENT ON TABLE {table} IS {literal(str(comment))}")
        return types


def spelling_of(names: Iterable[str]) -> dict[str, str]:
    """Folded name → the name as it stands."""
    return {folded(name): name for name in names}


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"
