"""Files at addresses, copied a few at a time for as long as they are read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import ForwarderError, UsageError
from capture_forwarder.core.ports import FileStore, ListedFile
from capture_forwarder.monitor.data.opening import SUFFIXES, format_of

_BYTES_AT_ONCE = 32 * 1024 * 1024
_ROOM = 3
"""So many times the bytes of what is copied at once have to be free: the copy, and its rows."""


class Room(msgspec.Struct, frozen=True):
    """What a window's files may take.

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


class Copies:
    """Copies files into a folder, some at a time, and knows which address each was of.

    Parameters
    ----------
    store
        Where the files are.
    folder
        Where they are copied to; it is there only while some are.
    room
        What they may take.
    """

    def __init__(self, store: FileStore, folder: Path, room: Room) -> None:
        self._store = store
        self._folder = folder
        self._room = room
        self._addresses: dict[Path, str] = {}

    def in_turn(self, files: Iterable[ListedFile]) -> Iterator[tuple[Path, ...]]:
        """Yield the paths of some files after the other, all of one format, in their order.

        Raises
        ------
        FileStoreError
            A file cannot be had.
        UsageError
            The disk is too small.
        OutOfTimeError
            There is no time left.
        """
        for some in _several(files, self._room.bytes_at_once):
            self._room.check_time()
            _check_room(some, self._room)
            with self._copied(some) as paths:
                yield paths

    @contextmanager
    def _copied(self, files: Sequence[ListedFile]) -> Iterator[tuple[Path, ...]]:
        self._folder.mkdir()
        try:
            paths = []
            for file in files:
                # A name of its own, since a key may hold anything.
                path = self._folder / f"{len(self._addresses):06}{_suffix(file.address)}"
                self._addresses[path] = file.address
                self._store.copy(file.address, path)
                paths.append(path)
            yield tuple(paths)
        finally:
            # Where reading broke off, the engine's whole folder may be gone by now.
            shutil.rmtree(self._folder, ignore_errors=True)

    def explain(self, error: ForwarderError) -> None:
        """Have an error name files by their addresses, since the copies are gone."""
        for path, address in self._addresses.items():
            error.message = error.message.replace(str(path), address)
        error.reword(lambda advice: advice)


def _several(files: Iterable[ListedFile], most: int) -> Iterator[list[ListedFile]]:
    """Put files of one format together, up to so many bytes; a larger one stays alone."""
    together: list[ListedFile] = []
    size = 0
    for file in files:
        if together and (
            size + file.size > most or format_of(file.address) is not format_of(together[0].address)
        ):
            yield together
            together, size = [], 0
        together.append(file)
        size += file.size
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


def _suffix(address: str) -> str:
    """The end of a name, which tells its format: `.jsonl.gz`."""
    known = format_of(address)
    return (
        next(suffix for suffix in SUFFIXES[known] if address.lower().endswith(suffix))
        if known
        else ""
    )
