"""What a scheduled check needs of the world, and how it stops before its time is up."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from capture_forwarder.core.errors import OutOfTimeError
from capture_forwarder.core.ports import FileStore, Signals
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine, open_duckdb
from capture_forwarder.monitor.scheduled.copies import Room

_SECONDS_FOR_THE_END = 15.0
"""Kept back for writing the execution and telling of it."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a check needs of the world.

    Parameters
    ----------
    store, signals
        The ports.
    now
        Tells the time, in UTC.
    seconds_left
        Tells how long the check may go on; None where there is no limit.
    memory_megabytes
        The most memory for DuckDB; None for its own choice.
    service
        A dimension of the metrics, which tells deployments in one account apart.
    """

    store: FileStore
    signals: Signals
    now: Callable[[], datetime]
    seconds_left: Callable[[], float | None]
    memory_megabytes: int | None = None
    service: str = "capture-forwarder"

    @contextmanager
    def engine(self) -> Iterator[DuckDBEngine]:
        """Open a DuckDB whose work is broken off when there is just time enough to write the end.

        Raises
        ------
        OutOfTimeError
            That time has come.
        """
        with open_duckdb(self.memory_megabytes) as engine:
            left = self.seconds_left()
            if left is None:
                yield engine
                return
            timer = threading.Timer(max(0.0, left - _SECONDS_FOR_THE_END), engine.stop)
            timer.daemon = True
            timer.start()
            try:
                yield engine
            except OutOfTimeError as error:
                raise _out_of_time() from error
            finally:
                timer.cancel()

    def room(self, engine: DuckDBEngine) -> Room:
        """What copies of files may take."""

        def check_time() -> None:
            left = self.seconds_left()
            if left is not None and left < _SECONDS_FOR_THE_END:
                raise _out_of_time()

        return Room(lambda: shutil.disk_usage(engine.folder).free, check_time)


def _out_of_time() -> OutOfTimeError:
    return OutOfTimeError(
        "The time for the check was up before its end.",
        "Raise MonitorMemorySize, with which the CPU grows, or make the window shorter.",
    )
