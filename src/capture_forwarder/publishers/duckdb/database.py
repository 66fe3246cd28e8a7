"""What a DuckDB file holds that the publisher has written, for whoever looks into it."""

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
from capture_forwarder.publishers.duckdb.tables import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class FirstRows(msgspec.Struct, frozen=True):
    """The number of a table's rows, its columns' types, and its first rows."""

    count: int
    types: Mapping[str, str]
    rows: Sequence[Mapping[str, object]]


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

    @contextmanager
    def _opened(self, table: str) -> Iterator[DuckDBPyConnection]:
        try:
            import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
        except ImportError as error:
            raise MissingExtraError("Reading from DuckDB", "duckdb", Extra.DUCKDB) from error
        try:
            with duckdb.connect(str(self._path)) as connection:
                yield connection
        except duckdb.Error as error:
            task = "DuckDB cannot open or read"
            raise explained(error, task, str(self._path), table) from error
