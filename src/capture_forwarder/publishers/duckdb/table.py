"""A table that the publisher has written: what it holds, and a comment on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra
from capture_forwarder.publishers.duckdb.errors import explained
from capture_forwarder.publishers.duckdb.rows import LINE
from capture_forwarder.publishers.duckdb.shape import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class TableView(msgspec.Struct, frozen=True):
    """The number of a table's rows, its columns' types, and its first rows."""

    count: int
    types: Mapping[str, str]
    rows: Sequence[Mapping[str, object]]


class DuckDbTable:
    """A table of a DuckDB file; each method opens the file and closes it again.

    All methods raise `MissingExtraError` when DuckDB is not installed, and
    `PublishError` when the file or the table cannot be used.

    Parameters
    ----------
    path
        The database file.
    name
        The table's name: the route's.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name

    def first_rows(self, limit: int) -> TableView:
        """Read the table's types and first rows, without the digest of the line."""
        with self._opened() as connection:
            table = quoted(self._name)
            described = connection.execute(f"DESCRIBE {table}").fetchall()
            types = {str(name): str(kind) for name, kind, *_ in described if name != LINE}
            ((count,),) = connection.execute(f"FROM {table} SELECT count(*)").fetchall()
            listed = ", ".join(map(quoted, types))
            first = f"FROM {table} SELECT {listed} LIMIT ?"
            found = connection.execute(first, [limit]).fetchall()
        return TableView(count, types, [dict(zip(types, row, strict=True)) for row in found])

    def comment(self) -> str | None:
        """The comment on the table; None if it has none, or does not exist."""
        with self._opened() as connection:
            found = connection.execute(
                "SELECT comment FROM duckdb_tables() WHERE table_name = ?", [self._name]
            ).fetchall()
        comments = [text for (text,) in found if isinstance(text, str)]
        return comments[0] if comments else None

    def set_comment(self, text: str) -> None:
        """Write a comment on the table, in place of another."""
        with self._opened() as connection:
            connection.execute(f"COMMENT ON TABLE {quoted(self._name)} IS {literal(text)}")

    @contextmanager
    def _opened(self) -> Iterator[DuckDBPyConnection]:
        try:
            import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
        except ImportError as error:
            raise MissingExtraError("Reading from DuckDB", "duckdb", Extra.DUCKDB) from error
        try:
            with duckdb.connect(str(self._path)) as connection:
                yield connection
        except duckdb.Error as error:
            task = "DuckDB cannot open or read"
            raise explained(error, task, str(self._path), self._name) from error
