"""Publish rows to an embedded DuckDB database, which needs no account.

One table a route with typed columns, keyed by the inference id and the line that it comes from: a
repeated delivery changes nothing, and different lines with one id are all stored. A column's type
is the narrowest that holds all values seen so far: it is widened, never are values cut to fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import (
    MissingExtraError,
    PublisherMisconfiguredError,
)
from capture_forwarder.core.extras import Extra
from capture_forwarder.core.inference import Inference, Row
from capture_forwarder.core.letter_case import folded
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.column_types import TEXT, column_types, stored
from capture_forwarder.publishers.duckdb.errors import explained
from capture_forwarder.publishers.duckdb.labeled_view import refresh_view
from capture_forwarder.publishers.duckdb.tables import (
    check_names,
    create_table,
    quoted,
    read_types,
    spelling_of,
    transaction,
    widen_table,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KEY = "inference_id"
TIME = "inference_time"
LINE = "line_digest"
"""The column that tells lines with one id apart: a digest of the captured line."""

_BEFORE = ""  # the digest of rows that were stored before there was one
_ROWS = 10_000
_BYTES = 16 * 1024 * 1024


class LocalPublisher:
    """One table of a DuckDB file.

    Parameters
    ----------
    path
        The database file; made when it is not there.
    table
        The table's name: the route's.
    key
        The column with the inference id.
    time
        The column with the time of the call.

    Raises
    ------
    MissingExtraError
        DuckDB is not installed.
    """

    def __init__(self, path: str, table: str, key: str = KEY, time: str = TIME) -> None:
        try:
            import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
        except ImportError as error:
            raise MissingExtraError("Publishing to DuckDB", "duckdb", Extra.DUCKDB) from error
        self._error = duckdb.Error
        self._connect = duckdb.connect
        self._path = path
        self._table = table
        self._key = key
        self._time = time
        self._primary = (key, LINE)
        self._connection: DuckDBPyConnection | None = None
        self._types: dict[str, str] = {}

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most that is written in one transaction."""
        return BatchLimits(rows=_ROWS, bytes=_BYTES, requests=1)

    def schema(self) -> Schema:
        """No types, but columns for the id and the time of an inference."""
        return Schema(event_id_column=self._key, timestamp_column=self._time)

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Insert or replace the rows in one transaction; see `Publisher.publish`."""
        del deadline
        keyed: dict[tuple[str, str], Row] = {}
        for part, inferences in batch.lines():
            line = hashlib.blake2b(part.line.data, digest_size=8).hexdigest()
            keyed |= {(one.id, line): self._keyed(one, line) for one in inferences}
        rows = list(keyed.values())
        names = sorted({name for row in rows for name in row})
        check_names(names)
        try:
            connection = self._open()
            with transaction(connection):
                types = self._fit_table(connection, rows)
                if types != self._types:
                    refresh_view(connection, self._table)
                self._insert(connection, rows, names, types)
            self._types = types
        except self._error as error:
            self._types = {}
            raise explained(error, "DuckDB cannot write to", self._path, self._table) from error
        return ACCEPTED

    def _open(self) -> DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._connect(self._path)
        return self._connection

    def _keyed(self, inference: Inference, line: str) -> Row:
        held = inference.row.get(self._key, inference.id)
        if held != inference.id:
            message = f"The column {self._key!r} is the table's key, but another value is mapped."
            raise PublisherMisconfiguredError(message, "Set FORWARDER_EVENT_ID_COLUMN.")
        if LINE in inference.row:
            message = f"The column {LINE!r} is the table's own, but a value is mapped to it."
            raise PublisherMisconfiguredError(message, "Give the column another name.")
        return {self._key: inference.id, LINE: line, **inference.row}

    def _fit_table(self, connection: DuckDBPyConnection, rows: Sequence[Row]) -> dict[str, str]:
        """Make or widen the table so that it holds the rows; return its columns' types.

        A column without a value so far is there as null, and gets its type with its first value.
        """
        needed = column_types(rows, {self._time}) | {self._key: TEXT, LINE: TEXT}
        known = self._types or read_types(connection, self._table)
        if not known:
            create_table(connection, self._table, needed, self._primary)
            return needed
        if LINE not in known:
            known = self._with_lines(connection, known)
        return widen_table(connection, self._table, known, needed)

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
        create_table(connection, self._table, types, self._primary)
        connection.execute(
            f"INSERT INTO {table} ({listed}, {quoted(LINE)}) "  # noqa: S608 - quoted
            f"SELECT {listed}, ? FROM {kept}",
            [_BEFORE],
        )
        connection.execute(f"DROP TABLE {kept}")
        for comment in (text for (text,) in comments if text is not None):
            written = str(comment).replace("'", "''")
            connection.execute(f"COMMENT ON TABLE {table} IS '{written}'")
        return types

    def _insert(
        self,
        connection: DuckDBPyConnection,
        rows: Sequence[Row],
        names: Sequence[str],
        types: Mapping[str, str],
    ) -> None:
        spelling = spelling_of(types)
        columns = {name: spelling.get(folded(name), name) for name in names}
        ready = [
            {
                (own := columns[name]): stored(value, types[own])
                for name, value in row.items()
                if value is not None
            }
            for row in rows
        ]
        connection.execute(
            f"DELETE FROM {quoted(self._table)} "  # noqa: S608 - quoted
            f"WHERE {quoted(LINE)} = ? AND {quoted(self._key)} IN (SELECT unnest(?))",
            [_BEFORE, [str(row[self._key]) for row in rows]],
        )
        listed = ", ".join(quoted(name) for name in types)
        connection.execute(
            f"INSERT OR REPLACE INTO {quoted(self._table)} ({listed}) "  # noqa: S608 - quoted
            f"SELECT {listed} FROM (SELECT unnest(from_json(?::JSON, ?), recursive := true))",
            [
                msgspec.json.encode(ready).decode(),
                msgspec.json.encode([types]).decode(),
            ],
        )
