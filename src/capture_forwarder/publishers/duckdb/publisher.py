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
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.core.extras import Extra
from capture_forwarder.core.letter_case import alike, folded
from capture_forwarder.core.schema import Schema
from capture_forwarder.core.together import Together
from capture_forwarder.publishers.duckdb.errors import explained
from capture_forwarder.publishers.duckdb.rows import LINE, Rows, RowWriter, merged
from capture_forwarder.publishers.duckdb.shape import (
    BEFORE,
    TableShape,
    literal,
    quoted,
    spelling_of,
)
from capture_forwarder.publishers.duckdb.types import TIME as TIME_TYPE

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
        self._constraint_error = duckdb.ConstraintException
        self._connect = duckdb.connect
        self._path = path
        self._table = table
        self._key = key
        self._time = time
        self._write = RowWriter(key, time)
        self._shape = TableShape(table, key)
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
        _check_names(rows.types)
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
        with _transaction(connection):
            types = self._fit_table(connection, rows)
            self._execute(connection, rows, types, statement)
        self._types = types

    def _open(self) -> DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._connect(self._path)
            # What it does here is not worth sharing out, and takes more memory then.
            self._connection.execute("SET threads = 1")
        return self._connection

    def _fit_table(self, connection: DuckDBPyConnection, rows: Rows) -> dict[str, str]:
        if self._types:
            return self._shape.fit(connection, self._types, rows.types)
        known = self._shape.read(connection)
        fitted = self._shape.fit(connection, known, rows.types)
        # Nobody else writes to the file while it is open, and we write none of these.
        self._has_rows_from_before = self._shape.has_rows_from_before(connection)
        return fitted

    def _execute(
        self, connection: DuckDBPyConnection, rows: Rows, types: Mapping[str, str], statement: str
    ) -> None:
        spelling = spelling_of(types)
        own = {name: spelling[folded(name)] for name in rows.types}
        read = {name: types[column] for name, column in own.items()}
        is_time = read.get(self._time) == TIME_TYPE
        json = list(rows.with_times_in_utc(self._time) if is_time else rows.json.values())
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
def _transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


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


def _check_names(names: Collection[str]) -> None:
    """Make sure that DuckDB can have these columns, and that no two are one to it.

    Raises
    ------
    PublisherMisconfiguredError
        A name is empty, or two differ only in case, so that the values of one would be lost.
    """
    if "" in names:
        message = "A column has an empty name, which DuckDB does not allow."
        raise PublisherMisconfiguredError(message, "Name the column in the route's mapping.")
    for first, second in alike(names):
        message = f"To DuckDB, the columns {first!r} and {second!r} are one."
        raise PublisherMisconfiguredError(message, "Give one of them another name.")
