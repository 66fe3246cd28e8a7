"""Publish rows to an embedded DuckDB database, which needs no account.

One table a route with typed columns, keyed by the inference id and the line that it comes from: a
repeated delivery changes nothing, and different lines with one id are all stored. A column's type
is the narrowest that holds all values seen so far: it is widened, never are values cut to fit.

Batches that several capture files bring at the same time are stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import (
    MissingExtraError,
    PlatformUnavailableError,
    PublishError,
)
from capture_forwarder.core.extras import Extra
from capture_forwarder.core.letter_case import folded
from capture_forwarder.core.schema import Schema
from capture_forwarder.core.together import Together
from capture_forwarder.publishers.column_types import TIME as TIME_TYPE
from capture_forwarder.publishers.duckdb.connecting import connect
from capture_forwarder.publishers.duckdb.earlier_tables import (
    BEFORE,
    add_lines,
    has_rows_from_before,
)
from capture_forwarder.publishers.duckdb.errors import explained
from capture_forwarder.publishers.duckdb.labeled_view import refresh_view
from capture_forwarder.publishers.duckdb.rows import LINE, Rows, RowWriter, merged
from capture_forwarder.publishers.duckdb.tables import (
    check_names,
    create_table,
    literal,
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

_ROWS = 10_000
_BYTES = 16 * 1024 * 1024
# What DuckDB takes a row for by default, at most.
_LARGE_ROW = 16 * 1024 * 1024


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
    times
        Further columns that hold times as ISO 8601 texts.

    Raises
    ------
    MissingExtraError
        DuckDB is not installed.
    """

    def __init__(
        self, path: str, table: str, key: str = KEY, time: str = TIME, times: Collection[str] = ()
    ) -> None:
        try:
            import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
        except ImportError as error:
            raise MissingExtraError("Publishing to DuckDB", "duckdb", Extra.DUCKDB) from error
        self._error = duckdb.Error
        self._constraint_error = duckdb.ConstraintException
        self._path = path
        self._table = table
        self._key = key
        self._time = time
        self._times = frozenset({time, *times})
        self._write = RowWriter(key, self._times)
        self._primary = (key, LINE)
        self._together: Together[Rows, Receipt] = Together()
        self._connection: DuckDBPyConnection | None = None
        self._types: dict[str, str] = {}
        self._has_rows_from_before = False

    takes_json = True

    @property
    def limits(self) -> BatchLimits:
        """The most that one batch holds."""
        return BatchLimits(rows=_ROWS, bytes=_BYTES, requests=1)

    def schema(self) -> Schema:
        """No types, but columns for the id and the time of an inference."""
        return Schema(event_id_column=self._key, timestamp_column=self._time)

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Insert or replace the rows in one transaction; see `Publisher.publish`.

        It returns once they are in the file. Batches of other threads may be in the same
        transaction; one that cannot be stored does not keep the others from it.
        """
        del deadline
        return self._together(self._write(batch, self._types), self._store_all)

    def _store_all(self, several: Sequence[Rows]) -> list[Receipt | Exception]:
        try:
            self._store_at_once(merged(several))
        except PublishError as error:
            if len(several) == 1:
                return [error]
            # One of them is to blame, or they do not go together.
            return [outcome for rows in several for outcome in self._store_all([rows])]
        return [ACCEPTED] * len(several)

    def _store_at_once(self, rows: Rows) -> None:
        check_names(rows.types)
        try:
            try:
                self._insert(rows, "INSERT INTO")
            except self._constraint_error:
                # Some are there already, which takes a third longer to look for than to insert.
                self._insert(rows, "INSERT OR REPLACE INTO")
        except self._error as error:
            self._types = {}
            raise explained(error, "DuckDB cannot write to", self._path, self._table) from error
        except OSError as error:
            message = f"Rows cannot be written to {gettempdir()} for DuckDB: {error.strerror}."
            advice = "Make room there, or set TMPDIR to another folder for temporary files."
            raise PlatformUnavailableError(message, advice) from error

    def _insert(self, rows: Rows, statement: str) -> None:
        """Store rows in a transaction."""
        connection = self._open()
        with transaction(connection):
            types = self._fit_table(connection, rows)
            if types != self._types:
                self._explain_times(connection, types)
                refresh_view(connection, self._table)
            self._execute(connection, rows, types, statement)
        self._types = types

    def _open(self) -> DuckDBPyConnection:
        if self._connection is None:
            self._connection = connect(self._path, task="Publishing to DuckDB")
            # What it does here is not worth sharing out, and takes more memory then.
            self._connection.execute("SET threads = 1")
        return self._connection

    def _fit_table(self, connection: DuckDBPyConnection, rows: Rows) -> dict[str, str]:
        """Make or widen the table so that it holds the rows; return its columns' types.

        A column without a value so far is there as null, and gets its type with its first value.
        """
        if self._types:
            return widen_table(connection, self._table, self._types, rows.types)
        known = read_types(connection, self._table)
        if not known:
            create_table(connection, self._table, rows.types, self._primary)
            return dict(rows.types)
        if LINE not in known:
            known = add_lines(connection, self._table, known, self._primary)
        # Nobody else writes to the file while it is open, and we write none of these.
        self._has_rows_from_before = has_rows_from_before(connection, self._table)
        return widen_table(connection, self._table, known, rows.types)

    def _explain_times(self, connection: DuckDBPyConnection, types: Mapping[str, str]) -> None:
        """Say on new columns of times that they are in UTC, which their type does not say."""
        spelling = spelling_of(types)
        for name in (spelling.get(folded(time)) for time in self._times):
            if name is not None and types[name] == TIME_TYPE != self._types.get(name):
                column = f"{quoted(self._table)}.{quoted(name)}"
                connection.execute(f"COMMENT ON COLUMN {column} IS 'UTC'")

    def _execute(
        self, connection: DuckDBPyConnection, rows: Rows, types: Mapping[str, str], statement: str
    ) -> None:
        spelling = spelling_of(types)
        own = {name: spelling[folded(name)] for name in rows.types}
        read = {name: types[column] for name, column in own.items()}
        json = list(rows.with_times_in_utc([one for one in read if read[one] == TIME_TYPE]))
        table, line, key = quoted(self._table), quoted(LINE), quoted(self._key)
        with _file_of(json) as (path, longest):
            columns = ", ".join(f"{literal(name)}: {literal(read[name])}" for name in read)
            source = (
                f"read_json({literal(path)}, columns = {{{columns}}}, "
                "format = 'newline_delimited', "
                f"hive_partitioning = false, maximum_object_size = {max(longest, _LARGE_ROW)})"
            )
            if self._has_rows_from_before:
                connection.execute(
                    f"DELETE FROM {table} WHERE {line} = ? "  # noqa: S608 - quoted
                    f"AND {key} IN (SELECT {key} FROM {source})",
                    [BEFORE],
                )
            connection.execute(
                f"{statement} {table} ({', '.join(map(quoted, own.values()))}) "  # noqa: S608
                f"SELECT {', '.join(map(quoted, own))} FROM {source}"
            )


@contextmanager
def _file_of(rows: Sequence[bytes]) -> Iterator[tuple[str, int]]:
    """A file that DuckDB reads rows from, and the bytes of the longest of them.

    Read from a file, they take a sixth of the time that they take as a parameter of a statement.
    """
    with TemporaryDirectory(prefix="capture-forwarder-") as folder:
        path = Path(folder, "rows.json")
        longest = max(map(len, rows))
        path.write_bytes(b"\n".join(rows))
        yield str(path), longest
