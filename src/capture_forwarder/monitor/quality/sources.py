"""Where predictions and labels are: CSV, JSON Lines, Parquet, a table, Model Monitor's lines.

A source becomes a relation with columns of fixed names, whatever its own are called, so that no
name of theirs gets into a statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.engines.port import identifier, literal
from capture_forwarder.monitor.errors import DataError
from capture_forwarder.monitor.quality.reading import reading

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MAX_JSON_BYTES = 64 * 1024 * 1024
_MODEL_MONITOR = ("captureData", "groundTruthData")


class Format(Enum):
    """How a source is written."""

    CSV = auto()
    JSON_LINES = auto()
    PARQUET = auto()
    DATABASE = auto()


_SUFFIXES = {
    ".csv": Format.CSV,
    ".json": Format.JSON_LINES,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".parquet": Format.PARQUET,
    ".duckdb": Format.DATABASE,
    ".db": Format.DATABASE,
}


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
class Relation:
    """A source as SQL sees it.

    Parameters
    ----------
    sql
        A SELECT. Its columns are c0, c1 and so on; those of JSON Lines are the one column `json`.
    columns
        The source's own names of the columns, in their order; None for JSON Lines.
    is_model_monitors
        Whether the lines are captures, labels or both, as Model Monitor writes them.
    """

    sql: str
    columns: tuple[str, ...] | None
    is_model_monitors: bool = False

    def column(self, name: str, source: str) -> str:
        """Write the SQL for a column of the source.

        Parameters
        ----------
        name
            Its name; or its position, from 0, where no column has that name.
        source
            What the user calls the source.

        Raises
        ------
        UsageError
            There is no such column.
        """
        if self.columns is None:
            pointer = "/" + name.replace("~", "~0").replace("/", "~1")
            return f"json_extract_string(json, {literal(pointer)})"
        for wanted in (name, name.strip()):  # DuckDB strips the names of a CSV header
            if wanted in self.columns:
                return f"c{self.columns.index(wanted)}"
        if name.isdecimal() and int(name) < len(self.columns):
            return f"c{int(name)}"
        message = f"{source} has no column {name!r} among its {len(self.columns)}."
        advice = "Name one of its columns, or give its position: 0 is the first."
        raise UsageError(message, advice)


_EMPTY = Relation("SELECT NULL::JSON AS json WHERE false", None)
# What DuckDB makes of compressed files without a line.
_NOTHING_READ = ("column0",)


def format_of(path: Path) -> Format | None:
    """Tell a file's format by its name; `.gz` behind it says that it is compressed."""
    name = path.name.lower().removesuffix(".gz")
    return _SUFFIXES.get("." + name.rpartition(".")[2]) if "." in name else None


def relation(connection: DuckDBPyConnection, source: Source) -> Relation:
    """Make a source readable.

    Raises
    ------
    DataError
        It cannot be read.
    UsageError
        Its files are of several formats or of none that is known, or its table is not clear.
    """
    formats = {format_of(path) for path in source.paths}
    if len(formats) != 1 or None in formats:
        message = f"{source.name} must hold files of one format, and their names must tell it."
        advice = f"Known names end in {', '.join(_SUFFIXES)}; .gz may follow."
        raise UsageError(message, advice)
    (known,) = formats
    with reading(source.name):
        if known is Format.DATABASE:
            return _table(connection, source)
        filled = [path for path in source.paths if _size(path)]
        if not filled:
            return _EMPTY
        if known is Format.JSON_LINES:
            return _json_lines(connection, filled)
        files = _files(filled)
        if known is Format.PARQUET:
            return _named(connection, f"read_parquet({files}, union_by_name = true)")
        header = str(source.header).lower()
        found = _named(
            connection,
            f"read_csv({files}, header = {header}, union_by_name = {header}, all_varchar = true, "
            "delim = ',', quote = '\"', escape = '\"', comment = '', skip = 0)",
        )
        return _EMPTY if found.columns == _NOTHING_READ else found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        advice = "Check the path and the file's permissions."
        raise DataError(f"{path} cannot be read: {error.strerror}.", advice) from error


def _files(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(literal(_without_patterns(path)) for path in paths) + "]"


def _without_patterns(path: Path) -> str:
    # DuckDB would look for all files that fit a name with these signs.
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))


def _named(connection: DuckDBPyConnection, table: str) -> Relation:
    described = connection.execute(f"SELECT * FROM {table} LIMIT 0").description or []
    columns = tuple(str(column[0]) for column in described)
    aliases = ", ".join(f"c{position}" for position in range(len(columns)))
    return Relation(f"SELECT * FROM {table} AS source({aliases})", columns)


def _json_lines(connection: DuckDBPyConnection, paths: Sequence[Path]) -> Relation:
    sql = (
        f"SELECT json FROM read_json_objects({_files(paths)}, format = 'newline_delimited', "
        f"maximum_object_size = {_MAX_JSON_BYTES})"
    )
    keys = connection.execute(
        f"SELECT json_keys(json) FROM ({sql}) WHERE json_type(json) = 'OBJECT' LIMIT 1"
    ).fetchone()
    return Relation(sql, None, bool(keys and set(_MODEL_MONITOR) & set(keys[0])))


def _table(connection: DuckDBPyConnection, source: Source) -> Relation:
    if len(source.paths) != 1:
        raise UsageError(f"{source.name} holds several databases.", "Name one of them.")
    (path,) = source.paths
    _size(path)
    database = f"source_{len(connection.execute('SHOW DATABASES').fetchall())}"
    connection.execute(f"ATTACH {literal(str(path))} AS {database} (READ_ONLY)")
    found = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $1 UNION ALL "
        "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $1 "
        "AND NOT internal ORDER BY ALL",
        [database],
    ).fetchall()
    wanted = [place for place in found if source.table in {None, place[1]}]
    if len(wanted) != 1:
        names = ", ".join(sorted(place[1] for place in found)) or "none"
        message = f"{source.name}: which table to read is not clear. Its tables are: {names}."
        raise UsageError(message, "Name one of them with --table or --labels-table.")
    place = ".".join(identifier(part) for part in (database, *wanted[0]))
    return _named(connection, place)
