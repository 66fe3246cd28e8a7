"""CSV files → a relation of text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from gzip import GzipFile
from io import TextIOWrapper
from typing import IO, cast

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.files import DataFile
from capture_forwarder.monitor.data.relation import Kind, Relation, numbered
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.errors import DataError

SUFFIXES = (".csv", ".csv.gz")

_LONGEST_HEADER = 16 * 1024 * 1024


def csv_relation(engine: Engine, files: Sequence[DataFile], *, header: bool) -> Relation:
    """Read CSV files with equal columns; an empty field is no value.

    Parameters
    ----------
    engine
        Reads them.
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
            problem = f"{other.name} does not have the columns of {file.name}"
            raise UsageError(f"{problem}.", "Files that are read together need equal columns.")
    if header and all(map(_is_number, names)):
        problem = f"The first row of {file.name} holds numbers, not names of columns"
        raise UsageError(f"{problem}.", "If the file has no row of names, add: --no-header")
    given = names if header else [f"_c{index}" for index in range(len(names))]
    columns = numbered(given, [Kind.TEXT] * len(given), file.name)
    sql = engine.csv([one.name for one, _ in filled], columns, header=header)
    return Relation(sql, columns, positional=not header)


def _first_row(file: DataFile) -> list[str] | None:
    """The first row of a file; None if it has none."""
    try:
        with _opened(file) as text:
            line = text.readline(_LONGEST_HEADER)
            while line.count('"') % 2 and (more := text.readline(_LONGEST_HEADER)):
                line += more
    except (OSError, EOFError) as error:
        raise DataError(
            f"{file.name} cannot be read: {error}.", "Check that it is whole."
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file.name} is not UTF-8.", "Write it as UTF-8.") from error
    return next(csv.reader([line.removeprefix("\ufeff")]), None) if line.strip() else None


@contextmanager
def _opened(file: DataFile) -> Iterator[IO[str]]:
    with file.opened() as data:
        raw = GzipFile(fileobj=data) if file.name.endswith(".gz") else data
        with TextIOWrapper(cast("IO[bytes]", raw), encoding="utf-8", newline="") as text:
            yield text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
