"""What a DuckDB file holds that the publisher has written, for whoever looks into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from capture_forwarder.core.errors import MissingExtraError, UsageError
from capture_forwarder.core.extras import Extra
from capture_forwarder.publishers.duckdb.connecting import connect
from capture_forwarder.publishers.duckdb.errors import explained
from capture_forwarder.publishers.duckdb.rows import LINE
from capture_forwarder.publishers.duckdb.tables import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROWS_AT_ONCE = 1000


class FirstRows(msgspec.Struct, frozen=True):
    """The number of a table's rows, its columns' types, and its first rows."""

    count: int
    types: Mapping[str, str]
    rows: Sequence[Mapping[str, object]]


class Answer(msgspec.Struct, frozen=True):
    """What a query gives: its columns' names and types, and its rows."""

    names: Sequence[str]
    types: Sequence[str]
    rows: Iterator[tuple[object, ...]]


class DuckDbFile:
    """A DuckDB file; each method opens it and closes it again.

    All methods raise `MissingExtraError` when DuckDB is not installed, and
    `PublishError` when the file or the table cannot be used.

    Parameters
    ----------
    path
        The database file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def first_rows(self, table: str, limit: int) -> FirstRows:
        """Read a table's types and first rows, without the digest of the line."""
        with self._opened(table) as connection:
            source = quoted(table)
            described = connection.execute(f"DESCRIBE {source}").fetchall()
            types = {str(name): str(kind) for name, kind, *_ in described if name != LINE}
            ((count,),) = connection.execute(f"FROM {source} SELECT count(*)").fetchall()
            listed = ", ".join(map(quoted, types))
            first = f"FROM {source} SELECT {listed} LIMIT ?"
            found = connection.execute(first, [limit]).fetchall()
        return FirstRows(count, types, [dict(zip(types, row, strict=True)) for row in found])

    def row_tables(self) -> Sequence[str]:
        """The tables with rows of inferences, by name; none where there is no file."""
        if not self._path.is_file():
            return ()
        with self._opened("", read_only=True) as connection:
            found = connection.execute(
                "SELECT table_name FROM duckdb_tables() JOIN duckdb_columns() "
                "USING (schema_name, table_name) "
                "WHERE column_name = ? AND schema_name = 'main' ORDER BY table_name",
                [LINE],
            ).fetchall()
        return [str(name) for (name,) in found]

    @contextmanager
    def asked(self, sql: str) -> Iterator[Answer]:
        """Ask for rows, which are read while the block goes on; nothing can be written.

        Raises
        ------
        UsageError
            There is no such file, or DuckDB does not take the statement.
        """
        if not self._path.is_file():
            message = f"{self._path}: there is no such file."
            raise UsageError(message, "`capture-forwarder forward --publisher duckdb` makes one.")
        with self._opened("", read_only=True) as connection:
            try:
                cursor = connection.execute(sql)
                described = cursor.description or ()
                yield Answer(
                    [str(name) for name, *_ in described],
                    [str(kind) for _, kind, *_ in described],
                    _rows(cursor),
                )
            except self._statement_errors() as error:
                message = f"DuckDB does not take the statement: {error}"
                advice = f"`SHOW TABLES` lists what {self._path} holds; `DESCRIBE t` its columns."
                raise UsageError(message, advice) from error

    def comment(self, table: str) -> str | None:
        """The comment on a table; None if it has none, or does not exist."""
        with self._opened(table) as connection:
            found = connection.execute(
                "SELECT comment FROM duckdb_tables() WHERE table_name = ?", [table]
            ).fetchall()
        comments = [text for (text,) in found if isinstance(text, str)]
        return comments[0] if comments else None

    def set_comment(self, table: str, text: str) -> None:
        """Write a comment on a table, in place of another."""
        with self._opened(table) as connection:
            connection.execute(f"COMMENT ON TABLE {quoted(table)} IS {literal(text)}")

    @staticmethod
    def _statement_errors() -> tuple[type[Exception], ...]:
        """What says that the fault is in the statement, or in what it asks of the rows."""
        import duckdb  # noqa: PLC0415 - it is there: a connection is open

        return (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError)

    @contextmanager
    def _opened(self, table: str, *, read_only: bool = False) -> Iterator[DuckDBPyConnection]:
        try:
            import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
        except ImportError as error:
            raise MissingExtraError("Reading from DuckDB", "duckdb", Extra.DUCKDB) from error
        path = str(self._path)
        try:
            with connect(path, task="Reading from DuckDB", read_only=read_only) as connection:
                yield connection
        except duckdb.Error as error:
            task = "DuckDB cannot open or read"
            raise explained(error, task, path, table) from error


def _rows(cursor: DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        yield from rows
