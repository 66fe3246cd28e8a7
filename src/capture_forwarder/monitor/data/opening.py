"""What a user names → the relation of its rows in a window."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import cast

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.counted import counted
from capture_forwarder.monitor.data import csv_files, json_lines, tables
from capture_forwarder.monitor.data.files import Found, Window, find_files
from capture_forwarder.monitor.data.relation import Column, Kind, Relation
from capture_forwarder.monitor.engines.port import Engine, identifier

_TIME = "inference_time"


class Format(StrEnum):
    """What files hold, by their suffix."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    DUCKDB = "duckdb"


SUFFIXES = {
    Format.CSV: csv_files.SUFFIXES,
    Format.JSON_LINES: json_lines.SUFFIXES,
    Format.PARQUET: tables.PARQUET_SUFFIXES,
    Format.DUCKDB: tables.DATABASE_SUFFIXES,
}
"""How the names of files end."""


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
        return open_table(engine, choice)
    found = find_files(choice.path, SUFFIXES[form], choice.window, choice.endpoint)
    return open_files(engine, form, found, choice)


def open_table(engine: Engine, choice: DataChoice) -> Relation:
    """Find the rows of a table; see `open_data`."""
    typed = engine.table(str(choice.path), choice.table)
    relation = tables.typed_relation(typed, choice.fractions)
    return _chosen(engine, relation, choice, by_folder=False)


def open_files(engine: Engine, form: Format, found: Found, choice: DataChoice) -> Relation:
    """Find the rows of files of a format; see `open_data`."""
    if choice.table is not None:
        raise UsageError(f"{choice.path} is no DuckDB file, so --table chooses nothing.")
    files = found.files
    if not files:
        return Relation("(SELECT 1 WHERE false)")
    if form is Format.CSV:
        relation = csv_files.csv_relation(engine, files, header=choice.header)
    elif form is Format.JSON_LINES:
        relation = json_lines.json_relation(engine, files, choice.fractions)
    else:
        typed = engine.parquet([file.name for file in files])
        relation = tables.typed_relation(typed, choice.fractions)
    return _chosen(engine, relation, choice, by_folder=found.by_folder)


def _chosen(engine: Engine, relation: Relation, choice: DataChoice, *, by_folder: bool) -> Relation:
    if choice.window.is_limited and not by_folder:
        relation = _in_window(engine, relation, choice)
    return relation.features(choice.exclude)


def _format(path: Path) -> Format:
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder.")
    if path.is_file():
        form = format_of(path.name)
        if form is None:
            known = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
            raise UsageError(f"{path}: the name ends with none of {known}.")
        return form
    return format_in(str(path), [str(file) for file in sorted(path.rglob("*")) if file.is_file()])


def format_in(what: str, names: Sequence[str]) -> Format:
    """Find out which format the files of a folder have; others are passed over.

    Raises
    ------
    UsageError
        They are of several formats.
    """
    found = {
        form: name for name in names if (form := format_of(name)) and form is not Format.DUCKDB
    }
    if len(found) > 1:
        shown = ", ".join(found.values())
        raise UsageError(f"{what} holds files of several formats: {shown}.", "Name one of them.")
    return next(iter(found), Format.JSON_LINES)


def format_of(name: str) -> Format | None:
    """Tell a file's format by the end of its name; None where that is not known."""
    for form, suffixes in SUFFIXES.items():
        if name.lower().endswith(suffixes):
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
        rows = counted(cast("int", without), "row", "rows")
        notes += (f"In no window, for want of a time that can be read: {rows}.",)
    quick = relation.quick and msgspec.structs.replace(
        relation.quick,
        sql=f"(SELECT * FROM {relation.quick.sql} WHERE {where})",
    )
    sql = f"(SELECT * FROM {relation.sql} WHERE {where})"
    return msgspec.structs.replace(relation, sql=sql, notes=notes, quick=quick)


def _text_of(column: Column) -> str:
    name = identifier(column.sql)
    return f"({name} ->> '$')" if column.kind is Kind.BARE else f"{name}::VARCHAR"
