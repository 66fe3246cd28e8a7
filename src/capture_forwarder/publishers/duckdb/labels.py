"""Publish labels to an embedded DuckDB database: a table beside that of the inferences.

The table is keyed by the inference's id, so that the last label replaces those before. A label
for which there is no inference, yet or ever, stands there alone; a view joins the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import MissingExtraError, PublisherMisconfiguredError
from capture_forwarder.core.extras import Extra
from capture_forwarder.core.inference import Row
from capture_forwarder.core.labels import latest_labels
from capture_forwarder.core.letter_case import folded
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.column_types import TEXT, column_types, stored
from capture_forwarder.publishers.duckdb.connecting import connect
from capture_forwarder.publishers.duckdb.errors import explained
from capture_forwarder.publishers.duckdb.labeled_view import LABEL_KEY, LABELS, refresh_view
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

LABEL_TIME = "label_time"
"""The column with the time of a label."""

_ROWS = 10_000
_BYTES = 16 * 1024 * 1024


class LocalLabelPublisher:
    """The labels of one table of a DuckDB file.

    Parameters
    ----------
    path
        The database file; made when it is not there.
    table
        The table with the inferences: the name of their route.

    Raises
    ------
    MissingExtraError
        DuckDB is not installed.
    """

    def __init__(self, path: str, table: str) -> None:
        try:
            import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
        except ImportError as error:
            raise MissingExtraError("Publishing to DuckDB", "duckdb", Extra.DUCKDB) from error
        self._error = duckdb.Error
        self._path = path
        self._inferences = table
        self._table = f"{table}{LABELS}"
        self._connection: DuckDBPyConnection | None = None
        self._types: dict[str, str] = {}

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most that is written in one transaction."""
        return BatchLimits(rows=_ROWS, bytes=_BYTES, requests=1)

    def schema(self) -> Schema:
        """No types, but a column for the time of a label."""
        return Schema(timestamp_column=LABEL_TIME)

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Insert labels, or put them in place of earlier ones, in one transaction."""
        del deadline
        latest = latest_labels(batch)
        rows: list[Row] = [{**labels, LABEL_KEY: name} for name, labels in latest.rows.items()]
        names = sorted({name for labels in latest.rows.values() for name in labels})
        check_names(names)
        if any(folded(name) == LABEL_KEY for name in names):
            message = f"The column {LABEL_KEY!r} is that of the ids, and cannot hold labels."
            raise PublisherMisconfiguredError(message, "Set FORWARDER_LABEL_COLUMNS.")
        try:
            if self._connection is None:
                self._connection = connect(self._path, task="Publishing to DuckDB")
            with transaction(self._connection):
                types = self._fit_table(self._connection, rows)
                if types != self._types:
                    refresh_view(self._connection, self._inferences)
                self._upsert(self._connection, rows, names, types)
            self._types = types
        except self._error as error:
            self._types = {}
            raise explained(error, "DuckDB cannot write to", self._path, self._table) from error
        return latest.receipt({})

    def _fit_table(self, connection: DuckDBPyConnection, rows: list[Row]) -> dict[str, str]:
        needed = column_types(rows, {LABEL_TIME}) | {LABEL_KEY: TEXT}
        known = self._types or read_types(connection, self._table)
        if known:
            return widen_table(connection, self._table, known, needed)
        create_table(connection, self._table, needed, [LABEL_KEY])
        return needed

    def _upsert(
        self,
        connection: DuckDBPyConnection,
        rows: list[Row],
        names: list[str],
        types: Mapping[str, str],
    ) -> None:
        """Set the columns that rows have; the others of a label keep what they hold."""
        spelling = spelling_of(types)
        own = {name: spelling.get(folded(name), name) for name in (LABEL_KEY, *names)}
        ready = [
            {own[name]: stored(value, types[own[name]]) for name, value in row.items()}
            for row in rows
        ]
        listed = ", ".join(map(quoted, own.values()))
        changes = ", ".join(
            f"{quoted(own[name])} = coalesce(excluded.{quoted(own[name])}, {quoted(own[name])})"
            for name in names
        )
        connection.execute(
            f"INSERT INTO {quoted(self._table)} ({listed}) "  # noqa: S608 - quoted
            f"SELECT {listed} FROM (SELECT unnest(from_json(?::JSON, ?), recursive := true)) "
            f"ON CONFLICT DO UPDATE SET {changes}",
            [
                msgspec.json.encode(ready).decode(),
                msgspec.json.encode([types]).decode(),
            ],
        )
