"""What a user names → the relation of its rows in a window."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import cast

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data import csv_files, json_lines, tables
from capture_forwarder.monitor.data.engine import Engine, identifier
from capture_forwarder.monitor.data.files import Window, find_files
from capture_forwarder.monitor.data.relation import Column, Kind, Relation

_TIME = "inference_time"


class Format(StrEnum):
    """What files hold, by their suffix."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    DUCKDB = "duckdb"


_SUFFIXES = {
    Format.CSV: csv_files.SUFFIXES,
    Format.JSON_LINES: json_lines.SUFFIXES,
    Format.PARQUET: tables.PARQUET_SUFFIXES,
    Format.DUCKDB: tables.DATABASE_SUFFIXES,
}


class DataChoice(msgspec.Struct, frozen=True):
    """Which rows of which data.

    Parameters
    ----------
    path
        A file or a folder.
    window
        Only rows of this window: by the folders of hours, else by a column with times.
    endpoint
        Only files in this endpoint's folders.
    table
        The table of a DuckDB file.
    time_column
        The column with the times of the rows, where the data is in no folders of hours.
    header
        Whether CSV files begin with the columns' names.
    exclude
        Columns to leave out.
    fractions
        Columns of which it does not matter whether a number is written as 3 or as 3.0.
    """

    path: Path
    window: Window = Window()
    endpoint: str | None = None
    table: str | None = None
    time_column: str | None = None
    header: bool = True
    exclude: tuple[str, ...] = ()
    fractions: frozenset[str] = frozenset()


def open_data(engine: Engine, choice: DataChoice) -> Relation:
    """Find the rows.

    The columns that the publishers of files and DuckDB add are left out: they are no features.

    Raises
    ------
    UsageError
        There is no such data, it is of several formats, or the window cannot be found in it.
    DataError
        It cannot be read.
    """
    form = _format(choice.path)
    if form is Format.DUCKDB:
        relation = tables.table_relation(engine, choice.path, choice.table, choice.fractions)
        by_folder = False
    else:
        if choice.table is not None:
            raise UsageError(f"{choice.path} is no DuckDB file, so --table chooses nothing.")
        found = find_files(choice.path, _SUFFIXES[form], choice.window, choice.endpoint)
        if not found.files:
            return Relation("(SELECT 1 WHERE false)")
        by_folder = found.by_folder
        if form is Format.CSV:
            relation = csv_files.csv_relation(found.files, header=choice.header)
        elif form is Format.JSON_LINES:
            relation = json_lines.json_relation(found.files, choice.fractions)
        else:
            relation = tables.parquet_relation(engine, found.files, choice.fractions)
    if choice.window.is_limited and not by_folder:
        relation = _in_window(engine, relation, choice)
    return relation.features(choice.exclude)


def _format(path: Path) -> Format:
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder.")
    if path.is_file():
        form = _of_name(path.name)
        if form is None:
            known = ", ".join(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
            raise UsageError(f"{path}: the name ends with none of {known}.")
        return form
    found = {
        form: file
        for file in sorted(path.rglob("*"))
        if (form := _of_name(file.name)) and form is not Format.DUCKDB and file.is_file()
    }
    if len(found) > 1:
        shown = ", ".join(str(file) for file in found.values())
        raise UsageError(f"{path} holds files of several formats: {shown}.", "Name one of them.")
    return next(iter(found), Format.JSON_LINES)


def _of_name(name: str) -> Format | None:
    for form, suffixes in _SUFFIXES.items():
        if name.endswith(suffixes):
            return form
    return None


def _in_window(engine: Engine, relation: Relation, choice: DataChoice) -> Relation:
    """Keep the rows whose time is in the window."""
    wanted = choice.time_column or _TIME
    column = next((one for one in relation.columns if one.name == wanted), None)
    if column is None:
        if not relation.columns:
            return relation
        problem = f"{choice.path} is in no folders of hours and has no column {wanted!r}"
        advice = "Name the column with the times of the rows: --time-column NAME"
        raise UsageError(f"{problem}, so it is not known which rows are in the window.", advice)
    time = f"TRY_CAST({_text_of(column)} AS TIMESTAMPTZ)"
    limits = []
    if choice.window.since is not None:
        limits.append(f"{time} >= TIMESTAMPTZ '{choice.window.since.isoformat()}'")
    if choice.window.until is not None:
        limits.append(f"{time} < TIMESTAMPTZ '{choice.window.until.isoformat()}'")
    notes = relation.notes
    where = " AND ".join(limits)
    ((without,),) = engine.rows(f"SELECT count(*) FROM {relation.sql} WHERE {time} IS NULL")
    if without:
        count = cast("int", without)
        notes += (f"{count} rows have no time that can be read, so they are in no window.",)
    quick = relation.quick and msgspec.structs.replace(
        relation.quick,
        sql=f"(SELECT * FROM {relation.quick.sql} WHERE {where})",
    )
    sql = f"(SELECT * FROM {relation.sql} WHERE {where})"
    return msgspec.structs.replace(relation, sql=sql, notes=notes, quick=quick)


def _text_of(column: Column) -> str:
    name = identifier(column.sql)
    return f"({name} ->> '$')" if column.kind is Kind.BARE else f"{name}::VARCHAR"
