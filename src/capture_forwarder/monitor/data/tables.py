"""DuckDB tables and Parquet files → a relation of the types that they have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.engine import Engine, identifier, literal
from capture_forwarder.monitor.data.relation import Kind, Relation, numbered

PARQUET_SUFFIXES = (".parquet",)
DATABASE_SUFFIXES = (".duckdb", ".db")

_WHOLE = frozenset(
    {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    }
)
_NUMBERS = ("FLOAT", "DOUBLE", "DECIMAL")
_ATTACHED = "data"


def parquet_relation(
    engine: Engine, files: Sequence[Path], fractions: Collection[str] = ()
) -> Relation:
    """Read Parquet files; their columns are joined by name.

    Parameters
    ----------
    engine
        Finds out the types.
    files
        At least one.
    fractions
        Columns of which it does not matter whether a number is written as 3 or as 3.0.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    listed = ", ".join(literal(str(file)) for file in files)
    return _typed(
        engine, f"read_parquet([{listed}], union_by_name = true)", str(files[0]), fractions
    )


def table_relation(
    engine: Engine, path: Path, table: str | None, fractions: Collection[str] = ()
) -> Relation:
    """Read a table or view of a DuckDB file, which is opened for reading only.

    Parameters
    ----------
    engine
        Attaches the file.
    path
        The file.
    table
        The table's name: the route's, where the publisher `duckdb` has written it. None is the
        only one that there is.
    fractions
        See `parquet_relation`.

    Raises
    ------
    UsageError
        There is no such table, or several are there and none is named.
    DataError
        The file is no DuckDB database, or another program writes to it.
    """
    engine.run(f"ATTACH {literal(str(path))} AS {_ATTACHED} (READ_ONLY)")
    found = engine.rows(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = $catalog ORDER BY ALL",
        {"catalog": _ATTACHED},
    )
    chosen = [(str(schema), str(name)) for schema, name in found if table in {None, name}]
    if len(chosen) != 1:
        names = ", ".join(repr(str(name)) for _, name in found) or "none"
        what = f"no table {table!r}" if table is not None else f"{len(found)} tables"
        raise UsageError(f"{path} has {what}; there are: {names}.", "Name one: --table NAME")
    schema, name = chosen[0]
    sql = f"{_ATTACHED}.{identifier(schema)}.{identifier(name)}"
    return _typed(engine, sql, f"{path}, table {name!r}", fractions)


def _typed(engine: Engine, sql: str, what: str, fractions: Collection[str]) -> Relation:
    described = engine.rows(f"DESCRIBE SELECT * FROM {sql}")
    names = [str(name) for name, *_ in described]
    kinds = [_kind(str(kind)) for _, kind, *_ in described]
    columns = numbered(names, kinds, what)
    selected = ", ".join(
        f"{identifier(column.name)}{_cast(column.kind)} AS {column.sql}" for column in columns
    )
    quick = [
        Kind.FINITE if column.kind is Kind.NUMBER and column.name in fractions else column.kind
        for column in columns
    ]
    rows = f"(SELECT {selected} FROM {sql})"
    return Relation(rows, columns, quick=Relation(rows, numbered(names, quick, what)))


def _kind(kind: str) -> Kind:
    if kind in _WHOLE:
        return Kind.WHOLE
    if kind.startswith(_NUMBERS) and not kind.endswith("]"):
        return Kind.NUMBER
    return Kind.TEXT


def _cast(kind: Kind) -> str:
    return {Kind.TEXT: "::VARCHAR", Kind.NUMBER: "::DOUBLE"}.get(kind, "")
