"""What tables there are among files: their names and columns, for whoever looks for labels."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import msgspec

from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.ports import ObjectStore, TableReader
from capture_forwarder.labels.files import PARQUET
from capture_forwarder.parser import unzipped

_LONGEST_HEADER = 64 * 1024


class LabelTable(msgspec.Struct, frozen=True):
    """A table: its name, as the user knows it, and its columns, as far as they can be read."""

    name: str
    columns: tuple[str, ...]


def look_at_tables(
    files: Iterable[FoundFile], store: ObjectStore, tables: TableReader | None
) -> Iterator[LabelTable]:
    """Look at the first row of each table.

    Parameters
    ----------
    files, store
        The files, and where they are.
    tables
        Reads Parquet, if what that needs is installed.
    """
    for file in files:
        try:
            columns = _columns(file, store, tables)
        except CaptureFileError:
            columns = ()
        yield LabelTable(file.name, columns)


def _columns(file: FoundFile, store: ObjectStore, tables: TableReader | None) -> tuple[str, ...]:
    with store.open(file.capture_file) as opened, unzipped(opened.stream) as stream:
        if stream.peek(len(PARQUET))[: len(PARQUET)] == PARQUET:
            return tuple(next(tables.rows(stream), {})) if tables else ()
        header = stream.readline(_LONGEST_HEADER)
    try:
        rows = list(csv.reader(io.StringIO(header.decode("utf-8-sig"), newline="")))
    except (ValueError, csv.Error):
        return ()
    return tuple(cell.strip() for cell in rows[0]) if rows else ()
