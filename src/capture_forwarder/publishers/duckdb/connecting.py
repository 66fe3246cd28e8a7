"""A DuckDB file is opened, and nothing else that DuckDB opens as if it were one.

DuckDB takes a table in a file (CSV, JSON, Parquet) and `:memory:` for a database, too, and keeps in
memory what is written to it: it would be gone with the process, after it was reported as published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from capture_forwarder.core.errors import MissingExtraError, PublisherMisconfiguredError
from capture_forwarder.core.extras import Extra

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_IN_MEMORY = "in-memory database"
_PATH = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"


def connect(path: str, *, task: str, read_only: bool = False) -> DuckDBPyConnection:
    """Open a DuckDB file; it is made if it is not there and may be written.

    Parameters
    ----------
    path
        The file.
    task
        What is to be done, as in "Publishing to DuckDB".
    read_only
        Whether nothing is to be written.

    Raises
    ------
    MissingExtraError
        DuckDB is not installed.
    PublisherMisconfiguredError
        It is no DuckDB file, though DuckDB would open it.
    duckdb.Error
        It cannot be opened.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
    except ImportError as error:
        raise MissingExtraError(task, "duckdb", Extra.DUCKDB) from error
    try:
        connection = duckdb.connect(path, read_only=read_only)
    except duckdb.CatalogException as error:
        if _IN_MEMORY in str(error):
            raise _no_file(path) from error
        raise
    ((kept_in,),) = connection.execute(_PATH).fetchall()
    if kept_in is None:
        connection.close()
        raise _no_file(path)
    return connection


def _no_file(path: str) -> PublisherMisconfiguredError:
    message = f"{path} is not a DuckDB file: rows written to it would be lost."
    return PublisherMisconfiguredError(message, "Give the path of a DuckDB file, or of a new one.")
