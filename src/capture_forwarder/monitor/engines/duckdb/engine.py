"""A DuckDB of one's own in memory, and its errors without the data that they may quote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import MissingExtraError, OutOfTimeError
from capture_forwarder.core.extras import Extra
from capture_forwarder.monitor.data.relation import Column, Kind, Relation
from capture_forwarder.monitor.engines.duckdb import reading
from capture_forwarder.monitor.engines.duckdb.lines import place_of
from capture_forwarder.monitor.engines.port import Row, Typed
from capture_forwarder.monitor.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SAFE = (
    (re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)"), "it has {1} columns, not {0}"),
    (re.compile(r"unterminated quote"), "a quote is not closed, or stands within a value"),
    (re.compile(r"not RFC 4180 compliant"), "its quotes or line ends are not those of RFC 4180"),
    (re.compile(r"[Mm]aximum_object_size|[Mm]aximum line size"), "it is too long"),
    (re.compile(r"utf-?8", re.IGNORECASE), "it is not UTF-8"),
    (re.compile(r"duplicate key"), "a key stands twice in it"),
    (re.compile(r"Expected OBJECT"), "it is no JSON object"),
    (re.compile(r"Malformed JSON"), "it is no JSON"),
    (re.compile(r"not a valid DuckDB database file"), "it is not a DuckDB file"),
)


class DuckDBEngine:
    """Runs queries in one thread, so that the same data gives the same digits; see `Engine`.

    Parameters
    ----------
    connection
        An open connection; its own errors may quote data.
    error
        DuckDB's base of all errors.
    folder
        A folder for temporary files, which is deleted at the end.
    """

    bare = Kind.BARE

    def __init__(
        self, connection: DuckDBPyConnection, error: type[Exception], folder: Path
    ) -> None:
        self.connection = connection
        self._error = error
        self.folder = folder
        self._stopped = False

    def stop(self) -> None:
        """Break off what runs, and refuse what would come; may be called from another thread."""
        self._stopped = True
        self.connection.interrupt()

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Run a query and return all of its rows.

        Raises
        ------
        DataError
            DuckDB cannot do it; the message holds no data.
        OutOfTimeError
            The engine was stopped.
        """
        with self._explaining():
            return self.connection.execute(sql, dict(parameters or {})).fetchall()

    def run(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement whose result nobody needs; see `rows`."""
        with self._explaining():
            self.connection.execute(sql, dict(parameters or {}))

    def in_turn(self, sql: str, size: int = 4096) -> Iterator[Sequence[Row]]:
        """Run a query and yield its rows, many at once; see `rows`."""
        with self._explaining():
            result = self.connection.execute(sql)
            while rows := result.fetchmany(size):
                yield rows
                self._go_on()

    def _go_on(self) -> None:
        if self._stopped:
            raise OutOfTimeError("The time for the check is up.")

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        self._go_on()
        try:
            yield
        except self._error as error:
            self._go_on()
            raise _explained(error) from None

    def keep(self, name: str, sql: str) -> None:
        """Keep what a query gives; see `Engine.keep`."""
        self.run(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def keep_first(self, name: str, relation: Relation, most: int) -> None:
        """Keep the first rows, which come first by themselves; see `Engine.keep_first`."""
        listed = ", ".join(column.sql for column in relation.columns)
        self.keep(name, f"SELECT {listed} FROM {relation.sql} LIMIT {most}")

    def forget(self, name: str) -> None:
        """Drop a table; see `Engine.forget`."""
        self.run(f"DROP TABLE {name}")

    def csv(self, files: Sequence[str], columns: Sequence[Column], *, header: bool) -> str:
        """Write the source of CSV files; see `Engine.csv`."""
        return reading.csv(files, columns, header=header)

    def json_lines(self, files: Sequence[str], names: Sequence[str], kinds: Sequence[Kind]) -> str:
        """Write the source of JSON Lines; see `Engine.json_lines`."""
        return reading.json_lines(files, names, kinds)

    def raw_lines(self, files: Sequence[str]) -> str:
        """Write the SELECT of lines of JSON as they are: one column, `json`."""
        return reading.raw_lines(files)

    def parquet(self, files: Sequence[str]) -> Typed:
        """Open Parquet files; see `Engine.parquet`."""
        sql = reading.parquet(files)
        return reading.typed(self.rows(reading.described(sql)), sql, files[0])

    def table(self, address: str, name: str | None) -> Typed:
        """Open a table or view of a DuckDB file, for reading only; see `Engine.table`."""
        attached = f"data_{len(self.rows('SHOW DATABASES'))}"
        self.run(reading.attached(address, attached))
        found = self.rows(reading.TABLES, {"catalog": attached})
        sql, what = reading.table(found, attached, address, name)
        return reading.typed(self.rows(reading.described(sql)), sql, what)


@contextmanager
def open_duckdb(memory_megabytes: int | None = None) -> Iterator[DuckDBEngine]:
    """Open a database in memory.

    Parameters
    ----------
    memory_megabytes
        The most memory that DuckDB takes before it writes to temporary files; None for its own
        choice.

    Raises
    ------
    MissingExtraError
        DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold
    except ImportError as error:
        raise MissingExtraError("Monitoring", "duckdb", Extra.DUCKDB) from error
    with TemporaryDirectory(prefix="capture-forwarder-") as folder:
        # A file of the data may be called `pandas`, or a view may; nothing of ours is looked up.
        options: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "temp_directory": folder,
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if memory_megabytes is not None:
            options["memory_limit"] = f"{memory_megabytes}MB"
        with duckdb.connect(config=options) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield DuckDBEngine(connection, duckdb.Error, Path(folder))


def _explained(error: Exception) -> DataError:
    """Say what it is and where, without the text, which may quote a line of the data."""
    text = str(error)
    if "No space left" in text:
        return DataError("The disk is full.", "Make room on it, and run the command again.")
    if "different configuration" in text or "Unique file handle conflict" in text:
        return DataError(
            "This program has the database open already.",
            "Close that connection first, or read a copy of the file.",
        )
    where = place_of(text)
    kind = type(error).__name__.removesuffix("Exception")
    why = next(
        (say.format(*found.groups()) for pattern, say in _SAFE if (found := pattern.search(text))),
        f"DuckDB raised {kind}",
    )
    if kind == "OutOfMemory":
        return DataError("The data takes more memory than there is.", "Read fewer rows at once.")
    if "set lock on file" in text or "Conflicting lock" in text:
        message = f"Another program has the database open{where}."
        return DataError(message, "Close it, and run the command again.")
    return DataError(
        f"The data cannot be read{where}: {why}.",
        "Check that the file is what its name says, and that it is whole.",
    )
