"""CSV files → a relation of text."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.engine import literal
from capture_forwarder.monitor.data.relation import Kind, Relation, numbered
from capture_forwarder.monitor.errors import DataError

SUFFIXES = (".csv", ".csv.gz")

_LONGEST_HEADER = 16 * 1024 * 1024


def csv_relation(files: Sequence[Path], *, header: bool) -> Relation:
    """Read CSV files with equal columns; an empty field is no value.

    Parameters
    ----------
    files
        At least one, gzip where the name ends with `.gz`.
    header
        Whether the first row of each file has the columns' names.

    Raises
    ------
    UsageError, DataError
        The files differ in their columns, a name stands twice, or a file cannot be read.
    """
    filled = [(file, first) for file in files if (first := _first_row(file)) is not None]
    if not filled:
        return Relation("(SELECT 1 WHERE false)")
    file, names = filled[0]
    for other, row in filled[1:]:
        if len(row) != len(names) or (header and row != names):
            problem = f"{other} does not have the columns of {file}"
            raise UsageError(f"{problem}.", "Files that are read together need equal columns.")
    if header and all(map(_is_number, names)):
        problem = f"The first row of {file} holds numbers, not names of columns"
        raise UsageError(f"{problem}.", "If the file has no row of names, add: --no-header")
    given = names if header else [f"_c{index}" for index in range(len(names))]
    columns = numbered(given, [Kind.TEXT] * len(given), str(file))
    listed = ", ".join(literal(str(one)) for one, _ in filled)
    types = ", ".join(f"{column.sql}: 'VARCHAR'" for column in columns)
    sql = (
        f"read_csv([{listed}], header = {str(header).lower()}, columns = {{{types}}}, "
        "auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
        f"max_line_size = {_LONGEST_HEADER}, buffer_size = {4 * _LONGEST_HEADER})"
    )
    return Relation(sql, columns, positional=not header)


def _first_row(file: Path) -> list[str] | None:
    """The first row of a file; None if it has none."""
    try:
        with _opened(file) as text:
            line = text.readline(_LONGEST_HEADER)
            while line.count('"') % 2 and (more := text.readline(_LONGEST_HEADER)):
                line += more
    except (OSError, EOFError) as error:
        raise DataError(f"{file} cannot be read: {error}.", "Check that it is whole.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8.", "Write it as UTF-8.") from error
    return next(csv.reader([line.removeprefix("\ufeff")]), None) if line.strip() else None


def _opened(file: Path) -> IO[str]:
    if file.name.endswith(".gz"):
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
