"""Executions that a user names by a folder, or by an address in S3 of which copies are made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports import FileStore
from capture_forwarder.monitor.executions.folder import (
    CONSTRAINTS,
    DRIFT,
    EXECUTION,
    STATISTICS,
    VIOLATIONS,
)
from capture_forwarder.monitor.executions.stored import copy_named, executions_among, newest
from capture_forwarder.wiring.monitor_places import S3, files_at

_BASELINE = (f"baseline/{STATISTICS}", f"baseline/{CONSTRAINTS}")
_FILES = frozenset({EXECUTION, STATISTICS, CONSTRAINTS, VIOLATIONS, DRIFT, *_BASELINE})
_ODD = frozenset({"", ".", ".."})


class Executions:
    """A folder with executions.

    Parameters
    ----------
    address
        How its user names it.
    folder
        Where they are read.
    store
        Where they were copied from; None where they are in the folder by themselves.
    others
        How many more there are than were copied.
    """

    def __init__(
        self, address: str, folder: Path, store: FileStore | None = None, others: int = 0
    ) -> None:
        self._address = address
        self._store = store
        self.folder = folder
        self.others = others

    def address_of(self, path: Path) -> str:
        """The address of a folder or file of these, or of a folder that they are in."""
        if self._store is None:
            return str(path)
        if path.is_relative_to(self.folder):
            return "/".join([self._address, *path.relative_to(self.folder).parts])
        above = len(self.folder.relative_to(path).parts)
        return self._address.rsplit("/", above)[0]

    def fetch(self, path: Path) -> None:
        """Have all files of an execution in its folder, not only that which says how it ended.

        Raises
        ------
        FileStoreError
            They cannot be read.
        """
        if self._store is not None:
            copy_named(self._store, self.address_of(path), path, _FILES)


@contextmanager
def opened_executions(address: str, most: int, until: str | None = None) -> Iterator[Executions]:
    """Open the executions below a folder or an address.

    Parameters
    ----------
    address
        The folder; of S3, `execution.json` of each of the newest is copied.
    most
        How many of S3 are wanted, at least; see `newest`.
    until
        The last hour that is wanted of S3, as `yyyy/mm/dd/hh`.

    Raises
    ------
    UsageError, FileStoreError
        The address has no bucket, or S3 cannot be listed or read.
    """
    if not address.startswith(S3):
        yield Executions(address, Path(address))
        return
    store = files_at(address)
    address = address.rstrip("/")
    files = list(store.files(address))
    found = [one for one in executions_among(files) if not _ODD & set(_below(one.address, address))]
    wanted = newest(found, most, until)
    with TemporaryDirectory(prefix="capture-forwarder-") as name:
        # The folders above it are there, too, since their names may be those of an hour.
        inside = [part for part in address.removeprefix(S3).split("/") if part.strip(".")]
        folder = Path(name).resolve().joinpath(*inside)
        folder.mkdir(parents=True)
        for one in wanted:
            there = folder.joinpath(*_below(one.address, address))
            there.mkdir(parents=True, exist_ok=True)
            store.copy(f"{one.address}/{EXECUTION}", there / EXECUTION)
        # Model Monitor's own folders hold this file, and none that says how it ended.
        if f"{address}/{STATISTICS}" in {file.address for file in files}:
            store.copy(f"{address}/{STATISTICS}", folder / STATISTICS)
        try:
            yield Executions(address, folder, store, len(found) - len(wanted))
        except ForwarderError as error:
            # The copy is gone when somebody reads of it.
            error.message = error.message.replace(str(folder), address)
            error.reword(lambda advice: advice)
            raise


def _below(address: str, root: str) -> tuple[str, ...]:
    """The names of the folders that lead to an address; they are taken as they are written."""
    rest = address.removeprefix(root)
    return tuple(rest[1:].split("/")) if rest else ()
