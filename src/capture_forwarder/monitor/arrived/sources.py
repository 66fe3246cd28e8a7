"""A DuckDB file, or a folder of files with rows → the rows, each of an endpoint and an hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.engines.port import identifier, literal

LINE = "line_digest"
"""The column by which our tables are known, and calls in them counted."""

_TIME = "inference_time"
_ENDPOINT, _HOUR = "endpoint", "capture_hour"
_OWN = frozenset({"inference_id", _TIME, LINE, _ENDPOINT, "variant", _HOUR, "filename"})
_PLACE = r"([^/]+)/[^/]+/(\d{4}/\d{2}/\d{2}/\d{2})/[^/]+$"
_READERS = (
    ((".parquet",), "read_parquet({}, union_by_name = true, filename = true)"),
    (
        (".jsonl.gz", ".jsonl", ".json", ".json.gz"),
        "read_json({}, union_by_name = true, filename = true, maximum_object_size = 67108864)",
    ),
)
_ATTACHED = "data"


class Source(msgspec.Struct, frozen=True):
    """Rows that are looked at together.

    Parameters
    ----------
    name, sql
        What it is called, and the relation.
    endpoint, hour, call
        What gives a row's endpoint (text), hour (TIMESTAMP in UTC, or null) and call, in SQL;
        `call` is None where rows do not say which of them were one call.
    columns
        The columns of the model → their types.
    """

    name: str
    sql: str
    endpoint: str
    hour: str
    call: str | None
    columns: Mapping[str, str]


def open_place(engine: DuckDBEngine, place: Path) -> Sequence[Source]:
    """Find the rows of a place.

    Parameters
    ----------
    engine
        Reads them.
    place
        A DuckDB file, each of whose tables has an endpoint's rows; or a folder that the publisher
        `files` has written.

    Raises
    ------
    UsageError
        There is no such place, or it has no rows of ours.
    DataError
        It cannot be read.
    """
    if place.parts[:1] == ("s3:",):
        address = f"s3://{'/'.join(place.parts[1:])}"
        message = f"{address} is in S3, and only what is on this machine is read."
        raise UsageError(message, f"Copy it first: aws s3 cp --recursive {address} rows")
    if place.is_dir():
        return [_folder(engine, place)]
    if not place.is_file():
        message = f"{place}: there is no such file or folder."
        raise UsageError(message, "`capture-forwarder forward --publisher duckdb` makes one.")
    engine.run(f"ATTACH {literal(str(place))} AS {_ATTACHED} (READ_ONLY, TYPE duckdb)")
    found = engine.rows(
        "SELECT schema_name, table_name FROM duckdb_tables() JOIN duckdb_columns() "
        "USING (database_name, schema_name, table_name) "
        "WHERE database_name = $database AND column_name = $line ORDER BY ALL",
        {"database": _ATTACHED, "line": LINE},
    )
    if not found:
        message = f"{place} has no table of the publisher `duckdb`."
        raise UsageError(message, "Name a file that `capture-forwarder forward` has written.")
    return [_table(engine, str(schema), str(table)) for schema, table in found]


def _table(engine: DuckDBEngine, schema: str, table: str) -> Source:
    sql = f"{_ATTACHED}.{identifier(schema)}.{identifier(table)}"
    types = _types(engine, sql)
    endpoint = literal(table)
    if types.get(_ENDPOINT) == "VARCHAR":
        endpoint = f"coalesce({identifier(_ENDPOINT)}, {endpoint})"
    hour = "NULL::TIMESTAMP"
    if types.get(_HOUR) == "TIMESTAMP":
        hour = identifier(_HOUR)
    elif types.get(_TIME) == "TIMESTAMP":
        hour = f"date_trunc('hour', {identifier(_TIME)})"
    return Source(table, sql, endpoint, hour, identifier(LINE), _of_the_model(types))


def _folder(engine: DuckDBEngine, folder: Path) -> Source:
    for suffixes, reader in _READERS:
        files = sorted(one for one in folder.rglob("*") if one.name.endswith(suffixes))
        if files:
            listed = ", ".join(literal(file.absolute().as_posix()) for file in files)
            sql = reader.format(f"[{listed}]")
            endpoint = f"regexp_extract(filename, '{_PLACE}', 1)"
            hour = f"try_strptime(regexp_extract(filename, '{_PLACE}', 2), '%Y/%m/%d/%H')"
            types = _of_the_model(_types(engine, sql))
            return Source(folder.name, sql, endpoint, hour, None, types)
    message = f"{folder} holds no files of rows."
    raise UsageError(message, "Name a folder that the publisher `files` has written.")


def _types(engine: DuckDBEngine, sql: str) -> dict[str, str]:
    described = engine.rows(f"DESCRIBE SELECT * FROM {sql}")
    return {str(name): str(kind) for name, kind, *_ in described}


def _of_the_model(types: Mapping[str, str]) -> dict[str, str]:
    return {name: kind for name, kind in types.items() if name not in _OWN}
