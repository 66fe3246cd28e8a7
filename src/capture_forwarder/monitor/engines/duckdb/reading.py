"""What DuckDB selects from: files, and tables of its own."""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.relation import Column, Kind
from capture_forwarder.monitor.engines.port import Row, Typed, identifier, literal

LONGEST_LINE = 64 * 1024 * 1024
"""The bytes of the longest line of JSON that is read."""
_LONGEST_HEADER = 16 * 1024 * 1024
_JSON = {Kind.BARE: "JSON", Kind.TEXT: "VARCHAR", Kind.FINITE: "DOUBLE"}
_WHOLE = frozenset(
    {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    }
)
_NUMBERS = ("FLOAT", "DOUBLE", "DECIMAL")

TABLES = """SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_catalog = $catalog ORDER BY ALL"""
"""The query for all tables of what `attached` attaches, by its name."""


def csv(files: Sequence[str], columns: Sequence[Column], *, header: bool) -> str:
    """Write the source of CSV files."""
    types = ", ".join(f"{column.sql}: 'VARCHAR'" for column in columns)
    return (
        f"read_csv({_listed(files)}, header = {str(header).lower()}, columns = {{{types}}}, "
        "auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
        f"max_line_size = {_LONGEST_HEADER}, buffer_size = {4 * _LONGEST_HEADER})"
    )


def json_lines(files: Sequence[str], names: Sequence[str], kinds: Sequence[Kind]) -> str:
    """Write the source of JSON Lines."""
    types = ", ".join(
        f"{literal(name)}: '{_JSON[kind]}'" for name, kind in zip(names, kinds, strict=True)
    )
    given = ", ".join(f"c{index}" for index in range(len(names)))
    return (
        f"(FROM read_json({_listed(files)}, columns = {{{types}}}, "
        "format = 'newline_delimited', records = true, "
        f"maximum_object_size = {LONGEST_LINE}) AS lines({given}))"
    )


def parquet(files: Sequence[str]) -> str:
    """Write the source of Parquet files, with their own names and types."""
    return f"read_parquet({_listed(files)}, union_by_name = true)"


def raw_lines(files: Sequence[str]) -> str:
    """Write the SELECT of lines of JSON as they are: one column, `json`."""
    return (
        f"SELECT json FROM read_json_objects({_listed(files)}, format = 'newline_delimited', "
        f"maximum_object_size = {LONGEST_LINE})"
    )


def attached(path: str, name: str) -> str:
    """Write the statement that attaches a DuckDB file under a name, for reading only."""
    return f"ATTACH {literal(path)} AS {name} (READ_ONLY, TYPE duckdb)"


def table(
    tables: Sequence[Row], attached_as: str, path: str, wanted: str | None
) -> tuple[str, str]:
    """Choose a table.

    Parameters
    ----------
    tables
        What `TABLES` gives.
    attached_as
        The name that the file is attached under.
    path, wanted
        See `Engine.table`.

    Returns
    -------
    tuple[str, str]
        What stands behind FROM, and what to call it in an error.
    """
    chosen = [(str(schema), str(name)) for schema, name in tables if wanted in {None, name}]
    if len(chosen) != 1:
        names = ", ".join(repr(str(name)) for _, name in tables) or "none"
        what = f"no table {wanted!r}" if wanted is not None else f"{len(tables)} tables"
        advice = "Name one with --table; one of labels with --labels-table."
        raise UsageError(f"{path} has {what}; there are: {names}.", advice)
    schema, name = chosen[0]
    return f"{attached_as}.{identifier(schema)}.{identifier(name)}", f"{path}, table {name!r}"


def described(sql: str) -> str:
    """Write the query for the names and types of a source."""
    return f"DESCRIBE SELECT * FROM {sql}"


def typed(columns: Sequence[Row], sql: str, what: str) -> Typed:
    """Give the columns of a source, by what `described` gives, the names `c0`, `c1` and so on."""
    names = tuple(str(name) for name, *_ in columns)
    kinds = tuple(_kind(str(kind)) for _, kind, *_ in columns)
    selected = ", ".join(
        f"{identifier(name)}{_cast(kind)} AS c{index}"
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
    return Typed(f"(SELECT {selected} FROM {sql})", names, kinds, what)


def _listed(files: Sequence[str]) -> str:
    """Write names of files as a list, in which no sign of theirs makes a pattern."""
    return f"[{', '.join(literal(_without_patterns(file)) for file in files)}]"


def _without_patterns(name: str) -> str:
    # DuckDB would look for all files that fit a name with these signs.
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _kind(kind: str) -> Kind:
    if kind in _WHOLE:
        return Kind.WHOLE
    if kind.startswith(_NUMBERS) and not kind.endswith("]"):
        return Kind.NUMBER
    return Kind.TEXT


def _cast(kind: Kind) -> str:
    return {Kind.TEXT: "::VARCHAR", Kind.NUMBER: "::DOUBLE"}.get(kind, "")
