"""The rows of a window, from files at addresses → a relation, with little room on the disk.

Files are copied some at a time, written into one Parquet file each time, and deleted. A value stays
what it was: texts of JSON and CSV are kept as texts, since they decide of a column's type.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import ForwarderError, UsageError
from capture_forwarder.core.ports import FileStore, ListedFile
from capture_forwarder.monitor.data.files import Window, endpoint_and_hour
from capture_forwarder.monitor.data.json_lines import MOST_COLUMNS
from capture_forwarder.monitor.data.opening import (
    SUFFIXES,
    DataChoice,
    Format,
    format_of,
    open_data,
)
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.data.tables import typed_relation
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.engines.port import literal

_BYTES_AT_ONCE = 32 * 1024 * 1024
_ROOM = 3
"""So many times the bytes of what is copied at once have to be free: the copy, and its rows."""

_DAY = timedelta(days=1)


class Room(msgspec.Struct, frozen=True):
    """What a window's rows may take.

    Parameters
    ----------
    free_bytes
        Tells how much of the disk is free.
    check_time
        Raises `OutOfTimeError` when the time is up.
    bytes_at_once
        How many bytes of files are copied before they become rows.
    """

    free_bytes: Callable[[], int]
    check_time: Callable[[], None]
    bytes_at_once: int = _BYTES_AT_ONCE


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
    files_of = files_of_window(store, wanted.folder, wanted.window)
    for files in _several(files_of, room.bytes_at_once):
        room.check_time()
        _check_room(files, room)
        staged.add(store, files)
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


def _several(files: Iterable[ListedFile], most: int) -> Iterator[list[ListedFile]]:
    """Put files together, up to so many bytes; a larger one stays alone."""
    together: list[ListedFile] = []
    for file in files:
        if together and sum(one.size for one in together) + file.size > most:
            yield together
            together = []
        together.append(file)
    if together:
        yield together


def _check_room(files: Sequence[ListedFile], room: Room) -> None:
    wanted, free = _ROOM * sum(file.size for file in files), room.free_bytes()
    if wanted > free:
        raise UsageError(
            f"The window's rows do not fit on the disk: {wanted // 1_000_000} MB are needed for "
            f"{files[0].address} and {len(files) - 1} more files, and {free // 1_000_000} MB are "
            "free.",
            "Give the function more storage (MonitorStorage), or make the window shorter.",
        )


class _Staged:
    """Rows that are in Parquet files by now, with columns g0, g1 and so on."""

    def __init__(self, engine: DuckDBEngine, exclude: Sequence[str]) -> None:
        self._engine = engine
        self._exclude = tuple(exclude)
        self._copies = engine.folder / "copies"
        self._rows = engine.folder / "rows"
        self._rows.mkdir()
        self._files: list[Path] = []
        self._names: dict[str, str] = {}
        self._notes: dict[str, None] = {}
        self._too_many = 0

    def add(self, store: FileStore, files: Sequence[ListedFile]) -> None:
        """Take the rows of files, and leave nothing of these but one file."""
        self._copies.mkdir()
        # Names of their own, since a key may hold anything.
        copies = {
            self._copies / f"{number:06}{_suffix(file.address)}": file.address
            for number, file in enumerate(files)
        }
        try:
            for path, address in copies.items():
                store.copy(address, path)
            self._write(open_data(self._engine, DataChoice(self._copies, exclude=self._exclude)))
        except ForwarderError as error:
            raise _with_addresses(error, copies) from error
        finally:
            shutil.rmtree(self._copies)

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


def _suffix(address: str) -> str:
    """The end of a name, which tells its format: `.jsonl.gz`."""
    known = format_of(address)
    return (
        next(suffix for suffix in SUFFIXES[known] if address.lower().endswith(suffix))
        if known
        else ""
    )


def _with_addresses(error: ForwarderError, copies: dict[Path, str]) -> ForwarderError:
    """Say which file it is about by its address, since its copy is gone."""
    message = error.message
    for path, address in copies.items():
        message = message.replace(str(path), address)
    error.message = message
    error.reword(lambda advice: advice)
    return error
