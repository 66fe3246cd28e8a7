"""How fast several capture files are forwarded, and how long the rest will take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from typing import Any, BinaryIO, cast

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.ports import Clock, ObjectStore, OpenedFile


class Pace:
    """Counts what is done since it was made; may be told by several threads.

    Parameters
    ----------
    files, size
        How many capture files are forwarded, and their bytes as they are stored.
    clock
        Time.
    """

    def __init__(self, files: int, size: int, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._lock = threading.Lock()
        self.files = files
        self.size = size
        self.files_done = self.read = self.rows = 0

    def count_file(self) -> None:
        """Count a file that is done, or failed."""
        with self._lock:
            self.files_done += 1

    def count_read(self, size: int) -> None:
        """Count bytes that were read."""
        with self._lock:
            self.read += size

    def count_rows(self, rows: int) -> None:
        """Count rows that are settled."""
        with self._lock:
            self.rows += rows

    @property
    def rows_a_second(self) -> float:
        """The mean so far."""
        return self.rows / max(1e-3, self._seconds())

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes if it goes on as so far; None before anything was read."""
        if not self.read:
            return None
        return self._seconds() * max(0, self.size - self.read) / self.read

    def __str__(self) -> str:
        left = self.seconds_left
        minutes, seconds = divmod(round(left or 0), 60)
        return (
            f"{self.files_done} of {self.files} files, {self.rows:,} rows, "
            f"{self.rows_a_second:,.0f} rows/s"
            + ("" if left is None else f", {minutes}:{seconds:02} left")
        )

    def _seconds(self) -> float:
        return self._clock.monotonic() - self._began


class WatchedStore:
    """A store whose reading is counted, and which knows what it has opened.

    Parameters
    ----------
    store
        Where the capture files are.
    pace
        Counts.
    """

    def __init__(self, store: ObjectStore, pace: Pace) -> None:
        self._store = store
        self._pace = pace
        self.revisions: dict[CaptureFile, str] = {}
        """Which content of each file was opened last."""

    @contextmanager
    def open(self, capture_file: CaptureFile) -> Iterator[OpenedFile]:
        """Open a capture file; see `ObjectStore.open`."""
        with self._store.open(capture_file) as opened:
            self.revisions[capture_file] = opened.revision
            stream = cast("BinaryIO", _Counted(opened.stream, self._pace))
            yield OpenedFile(stream, opened.revision)


class _Counted(RawIOBase):
    """A stream whose bytes are counted as they are read."""

    def __init__(self, stream: BinaryIO, pace: Pace) -> None:
        self._stream = cast("RawIOBase", stream)
        self._pace = pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        count = self._stream.readinto(buffer) or 0
        self._pace.count_read(count)
        return count
