"""The rows of a window, from files at addresses → a relation, with little room on the disk.

Files are copied some at a time, written into one Parquet file each time, and deleted. A value stays
what it was: texts of JSON and CSV are kept as texts, since they decide of a column's type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import ForwarderError, UsageError
from capture_forwarder.core.ports import FileStore, ListedFile
from capture_forwarder.monitor.data.files import Window, endpoint_and_hour
from capture_forwarder.monitor.data.json_lines import MOST_COLUMNS
from capture_forwarder.monitor.data.opening import DataChoice, Format, format_of, open_data
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.data.tables import typed_relation
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.engines.port import literal
from capture_forwarder.monitor.scheduled.copies import Copies, Room

_DAY = timedelta(days=1)


class Wanted(msgspec.Struct, frozen=True):
    """Which rows are wanted.

    Parameters
    ----------
    folder
        The address of the endpoint's folder, with those of its variants in it.
    window
        Limited on both sides.
    exclude
        Columns to leave out.
    """

    folder: str
    window: Window
    exclude: tuple[str, ...] = ()


def rows_of_window(engine: DuckDBEngine, store: FileStore, wanted: Wanted, room: Room) -> Relation:
    """Bring the rows of a window to where DuckDB reads them.

    Parameters
    ----------
    engine
        Has the folder for temporary files.
    store
        Where the rows are.
    wanted
        Which rows.
    room
        What they may take.

    Raises
    ------
    FileStoreError, DataError, UsageError
        A file cannot be had or read, files are of several formats, or the disk is too small.
    OutOfTimeError
        There is no time left.
    """
    staged = _Staged(engine, wanted.exclude)
    copies = Copies(store, engine.folder / "copies", room)
    try:
        for paths in copies.in_turn(files_of_window(store, wanted.folder, wanted.window)):
            staged.add(paths[0].parent)
    except ForwarderError as error:
        copies.explain(error)
        raise
    return staged.relation()


def files_of_window(store: FileStore, folder: str, window: Window) -> list[ListedFile]:
    """Find the files of a window by the folders of their hours, variant by variant.

    Raises
    ------
    FileStoreError
        The folder cannot be listed.
    UsageError
        The files are of several formats.
    """
    found = [
        file
        for variant in store.folders(folder)
        for day in _days(window)
        for file in store.files(f"{variant}/{day:%Y/%m/%d}")
        if (there := endpoint_and_hour(file.address)) and window.has_hour(there[1])
        if file.size and format_of(file.address) not in {None, Format.DUCKDB}
    ]
    formats = {format_of(file.address): file for file in found}
    if len(formats) > 1:
        shown = ", ".join(file.address for file in formats.values())
        raise UsageError(
            f"The window's rows are files of several formats: {shown}.",
            "Write the rows in one format only.",
        )
    return found


def _days(window: Window) -> Iterator[datetime]:
    if window.since is None or window.until is None:
        raise UsageError("The window has no limits.", "Say how many hours it has.")
    day = window.since.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < window.until:
        yield day
        day += _DAY


class _Staged:
    """Rows that are in Parquet files by now, with columns g0, g1 and so on."""

    def __init__(self, engine: DuckDBEngine, exclude: Sequence[str]) -> None:
        self._engine = engine
        self._exclude = tuple(exclude)
        self._rows = engine.folder / "rows"
        self._rows.mkdir()
        self._files: list[Path] = []
        self._names: dict[str, str] = {}
        self._notes: dict[str, None] = {}
        self._too_many = 0

    def add(self, folder: Path) -> None:
        """Take the rows of the files in a folder, and leave nothing of these but one file."""
        self._write(open_data(self._engine, DataChoice(folder, exclude=self._exclude)))

    def _write(self, relation: Relation) -> None:
        self._notes |= dict.fromkeys(relation.notes)
        chosen = []
        for column in relation.columns:
            if column.name not in self._names:
                if len(self._names) >= MOST_COLUMNS:
                    self._too_many += 1
                    continue
                self._names[column.name] = f"g{len(self._names)}"
            chosen.append(f"{column.sql} AS {self._names[column.name]}")
        if not chosen:
            return
        path = self._rows / f"{len(self._files):06}.parquet"
        self._engine.run(
            f"COPY (SELECT {', '.join(chosen)} FROM {relation.sql}) TO {literal(str(path))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
        self._files.append(path)

    def relation(self) -> Relation:
        """All rows."""
        notes = [*self._notes]
        if self._too_many:
            notes.append(f"Columns were left out: no more than {MOST_COLUMNS} are looked at.")
        if not self._files:
            return Relation("(SELECT 1 WHERE false)", notes=tuple(notes))
        names = {sql: name for name, sql in self._names.items()}
        found = typed_relation(self._engine.parquet([str(file) for file in self._files]))
        named = found.renamed(lambda _, sql: names[sql])
        return msgspec.structs.replace(named, notes=tuple(notes))
