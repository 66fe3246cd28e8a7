"""Where predictions and labels are: rows of any kind that the monitor reads, or lines of JSON.

Rows become a relation with columns of fixed names, whatever their own are called. Lines stay JSON,
since a call may be in them, or a name that only some of them have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.csv_files import csv_relation
from capture_forwarder.monitor.data.files import local_file
from capture_forwarder.monitor.data.opening import SUFFIXES, Format, format_of
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.data.tables import typed_relation
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.engines.port import literal
from capture_forwarder.monitor.errors import DataError

_MODEL_MONITORS = (
    "count(*) FILTER (WHERE json_exists(json, '/captureData') "
    "OR json_exists(json, '/groundTruthData'))"
)


@dataclass(frozen=True)
class Source:
    """Files of one format, in the order in which they were written.

    Parameters
    ----------
    name
        What the user calls it.
    paths
        The files. Of a DuckDB database there is one.
    table
        The table of the database; not needed where there is only one.
    header
        Whether CSV files begin with a header row.
    """

    name: str
    paths: tuple[Path, ...]
    table: str | None = None
    header: bool = True


@dataclass(frozen=True)
class Readable:
    """A source as SQL sees it.

    Parameters
    ----------
    name
        What the user calls the source.
    sql
        A SELECT. Its columns are c0, c1 and so on; those of lines are the one column `json`.
    columns
        The source's own names of the columns, in their order; None for lines.
    is_model_monitors
        Whether the lines are captures, labels or both, as Model Monitor writes them.
    is_empty
        Whether nothing is in it, so that it cannot be told what it would be.
    """

    name: str
    sql: str
    columns: tuple[str, ...] | None
    is_model_monitors: bool = False
    is_empty: bool = False

    def column(self, wanted: str) -> str:
        """Write the SQL for a column of the source.

        Parameters
        ----------
        wanted
            Its name; or its position, from 0, where no column has that name.

        Raises
        ------
        UsageError
            There is no such column.
        """
        if self.columns is None:
            pointer = "/" + wanted.replace("~", "~0").replace("/", "~1")
            return f"json_extract_string(json, {literal(pointer)})"
        if wanted in self.columns:
            return f"c{self.columns.index(wanted)}"
        if wanted.isdecimal() and int(wanted) < len(self.columns):
            return f"c{int(wanted)}"
        message = f"{self.name} has no column {wanted!r} among its {len(self.columns)}."
        advice = "Name one of its columns, or give its position: 0 is the first."
        raise UsageError(message, advice)


def readable(engine: DuckDBEngine, source: Source) -> Readable:
    """Make a source readable.

    Raises
    ------
    DataError
        It cannot be read.
    UsageError
        Its files are of several formats or of none that is known, its table is not clear, or only
        some of its lines are Model Monitor's.
    """
    formats = {format_of(path.name) for path in source.paths}
    if len(formats) != 1 or None in formats:
        message = f"{source.name} must hold files of one format, and their names must tell it."
        known = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
        raise UsageError(message, f"Known names end in {known}.")
    (form,) = formats
    filled = [path for path in source.paths if _size(path)]
    if form is Format.DUCKDB:
        if len(source.paths) != 1:
            raise UsageError(f"{source.name} holds several databases.", "Name one of them.")
        return _rows(source, typed_relation(engine.table(str(source.paths[0]), source.table)))
    if not filled:
        return _nothing(source)
    if form is Format.CSV:
        return _rows(
            source, csv_relation(engine, list(map(local_file, filled)), header=source.header)
        )
    if form is Format.PARQUET:
        return _rows(source, typed_relation(engine.parquet(list(map(str, filled)))))
    return _lines(engine, source, filled)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        advice = "Check the path and the file's permissions."
        raise DataError(f"{path} cannot be read: {error.strerror}.", advice) from error


def _nothing(source: Source) -> Readable:
    return Readable(source.name, "SELECT NULL::JSON AS json WHERE false", None, is_empty=True)


def _rows(source: Source, found: Relation) -> Readable:
    if not found.columns:
        return _nothing(source)
    listed = ", ".join(column.sql for column in found.columns)
    names = tuple(column.name for column in found.columns)
    return Readable(source.name, f"SELECT {listed} FROM {found.sql}", names)


def _lines(engine: DuckDBEngine, source: Source, files: list[Path]) -> Readable:
    sql = engine.raw_lines(list(map(str, files)))
    ((lines, of_model_monitor),) = engine.rows(f"SELECT count(*), {_MODEL_MONITORS} FROM ({sql})")
    if not lines:
        return _nothing(source)
    if of_model_monitor not in {0, lines}:
        raise mixed(source.name)
    return Readable(source.name, sql, None, is_model_monitors=bool(of_model_monitor))


def mixed(name: str) -> UsageError:
    """What is wrong with a source of which only a part is as Model Monitor writes it."""
    return UsageError(
        f"{name} holds lines of Model Monitor and others, which are read in another way.",
        "Put them into folders of their own, and read one of these at a time.",
    )
