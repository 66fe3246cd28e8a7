"""Files of a window below a path, by their folders of endpoints and hours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from capture_forwarder.core.errors import UsageError

# {endpoint}/{variant}/yyyy/mm/dd/hh/{file}, as the publisher of files and Data Capture write.
_HOUR = re.compile(r"(?:^|/)(?P<endpoint>[^/]+)/[^/]+/(?P<time>\d{4}/\d{2}/\d{2}/\d{2})/[^/]+$")


class Window(msgspec.Struct, frozen=True):
    """From a time up to another one that is not part of it, in UTC; None is without a limit."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self.since is not None or self.until is not None

    def has_hour(self, start: datetime) -> bool:
        """Whether the hour from a time on is part of the window, by the time it starts at."""
        after = self.since is None or start >= self.since
        return after and (self.until is None or start < self.until)


class DataFile(msgspec.Struct, frozen=True):
    """A file with data.

    Parameters
    ----------
    name
        Its path or address, as the engine and messages name it.
    opened
        Opens it for reading.
    """

    name: str
    opened: Callable[[], AbstractContextManager[BinaryIO]]


class Found(msgspec.Struct, frozen=True):
    """The files to read, and whether the window was found by their folders."""

    files: tuple[DataFile, ...]
    by_folder: bool


def endpoint_and_hour(path: str) -> tuple[str, datetime] | None:
    """The endpoint and the hour of a file in such folders; None of another one."""
    if not (found := _HOUR.search(path)):
        return None
    try:
        hour = datetime.strptime(found["time"], "%Y/%m/%d/%H").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found["endpoint"], hour


def local_file(path: Path) -> DataFile:
    """A file of this machine."""

    def opened() -> AbstractContextManager[BinaryIO]:
        return path.open("rb")

    return DataFile(str(path), opened)


def find_files(path: Path, suffixes: Sequence[str], window: Window, endpoint: str | None) -> Found:
    """Find the files of an endpoint and a window.

    Parameters
    ----------
    path
        A file, or a folder with files anywhere below it.
    suffixes
        How the names of files in a folder end.
    window, endpoint
        See `choose_files`.

    Raises
    ------
    UsageError
        There is no such path, or only some of the files are in folders of hours.
    """
    if path.is_file():
        return Found((local_file(path),), by_folder=False)
    if not path.is_dir():
        raise UsageError(f"{path}: there is no such file or folder.")
    every = {
        file.absolute().as_posix(): local_file(file)
        for file in sorted(path.rglob("*"))
        if file.name.lower().endswith(tuple(suffixes)) and file.is_file()
    }
    return choose_files(str(path), every, window, endpoint)


def choose_files(
    what: str, files: Mapping[str, DataFile], window: Window, endpoint: str | None
) -> Found:
    """Choose the files of an endpoint and a window by their folders.

    Parameters
    ----------
    what
        What to call all of them in an error.
    files
        A file's path with all of its folders, or its key → the file, in order.
    window
        Files in folders of hours outside of it are left out.
    endpoint
        Only files in this endpoint's folders, if it is not None.

    Raises
    ------
    UsageError
        Only some of the files are in folders of hours, or none is and an endpoint is asked for.
    """
    known = {path: endpoint_and_hour(path) for path in files}
    outside = sum(place is None for place in known.values())
    if outside == len(files):
        if endpoint is not None and files:
            problem = f"{what} has no folders of endpoints and hours, so --endpoint chooses nothing"
            raise UsageError(f"{problem}.", "Name the endpoint's files themselves.")
        return Found(tuple(files.values()), by_folder=False)
    if outside and window.is_limited:
        problem = f"{outside} files below {what} are in no folder of an hour"
        raise UsageError(f"{problem}, and it is not known when they are of.", "Move them away.")
    chosen = []
    for path, file in files.items():
        there = known[path]
        if there is None:
            if endpoint is None:
                chosen.append(file)
        elif (endpoint is None or there[0] == endpoint) and window.has_hour(there[1]):
            chosen.append(file)
    return Found(tuple(chosen), by_folder=True)
