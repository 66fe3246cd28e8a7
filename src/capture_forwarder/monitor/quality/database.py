"""An embedded database that holds what is measured, for as long as it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Nothing that is read may make DuckDB fetch an extension.
_CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


@contextmanager
def scratch_database() -> Iterator[DuckDBPyConnection]:
    """Open a database in memory; times without an offset are UTC.

    Raises
    ------
    MissingExtraError
        DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
    except ImportError as error:
        raise MissingExtraError("Model quality", "duckdb", Extra.DUCKDB) from error
    with duckdb.connect(":memory:", config=dict(_CONFIG)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        yield connection


def identifier(name: str) -> str:
    """Write a name so that SQL takes it for nothing but a name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Write a text so that SQL takes it for nothing but a text; NUL would end the statement."""
    parts = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return f"({' || chr(0) || '.join(parts)})"
