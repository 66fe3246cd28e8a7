"""Inferences that are stored in a DuckDB database, or in files that DuckDB reads, by their ids."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import MissingExtraError, PublisherMisconfiguredError
from capture_forwarder.core.extras import Extra
from capture_forwarder.core.inference import Row
from capture_forwarder.publishers.duckdb.errors import explained
from capture_forwarder.publishers.duckdb.labeled_view import LABEL_KEY, key_of
from capture_forwarder.publishers.duckdb.tables import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_READERS = {
    ".jsonl.gz": "read_json_auto",
    ".json": "read_json_auto",
    ".parquet": "read_parquet",
}
"""How the names of files with rows end → what reads them."""


class StoredRows:
    """The rows of one route; opened when they are asked for.

    Parameters
    ----------
    address
        The database file, or a folder of files that the publisher `files` has written.
    table
        The table of the database: the name of the inferences' route.

    Raises
    ------
    MissingExtraError
        DuckDB is not installed.
    """

    def __init__(self, address: str, table: str) -> None:
        try:
            import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
        except ImportError as error:
            raise MissingExtraError("Finding inferences", "duckdb", Extra.DUCKDB) from error
        self._error = duckdb.Error
        self._connect: Callable[[str], DuckDBPyConnection] = duckdb.connect
        self._address = address
        self._table = table

    def find(self, ids: Collection[str]) -> Mapping[str, Row]:
        """Find rows by id; see `StoredInferences.find`.

        Raises
        ------
        PublishError
            The file cannot be read, or the folder holds no files of rows.
        """
        path = Path(self._address)
        if not path.is_dir() and not path.exists():
            return {}
        with self._opened(":memory:" if path.is_dir() else self._address) as connection:
            source, key = self._files(path) if path.is_dir() else self._in_table(connection)
            if not source:
                return {}
            cursor = connection.execute(
                f"SELECT * FROM {source} "  # noqa: S608 - quoted
                f"WHERE {quoted(key)} IN (SELECT unnest(?::VARCHAR[]))",
                [list(ids)],
            )
            names = [column[0] for column in cursor.description or ()]
            rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        return {str(row[key]): row for row in rows}

    def _in_table(self, connection: DuckDBPyConnection) -> tuple[str, str]:
        key = key_of(connection, self._table)
        return ("", "") if key is None else (quoted(self._table), key)

    def _files(self, folder: Path) -> tuple[str, str]:
        for ending, reader in _READERS.items():
            if next(folder.rglob(f"*{ending}"), None) is not None:
                pattern = f"{folder}/**/*{ending}".replace("'", "''")
                return f"{reader}('{pattern}', union_by_name := true)", LABEL_KEY
        message = f"{folder} holds no files of rows."
        advice = "Set FORWARDER_LABEL_FEATURES to a folder that the publisher `files` writes to."
        raise PublisherMisconfiguredError(message, advice)

    @contextmanager
    def _opened(self, database: str) -> Iterator[DuckDBPyConnection]:
        try:
            with self._connect(database) as connection:
                yield connection
        except self._error as error:
            task = "DuckDB cannot read"
            raise explained(error, task, self._address, self._table) from error
