"""Several capture files at once, where their publisher stores what they bring together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from capture_forwarder.core.found_file import FoundFile

# Larger files go alone, so that no more is in memory than of one of them.
_MOST_BYTES = 4 * 1024 * 1024
_UNZIPPED = 10
Outcome = TypeVar("Outcome")


def side_by_side(
    work: Callable[[FoundFile], Outcome],
    files: Sequence[FoundFile],
    at_once: int,
    stop: threading.Event,
) -> Iterator[Outcome]:
    """Do the work on files, and yield what became of each, in their order.

    Parameters
    ----------
    work
        What to do with a file, in any thread.
    files
        The files.
    at_once
        How many may be worked on at the same time. Large ones go alone.
    stop
        Once it is set, no other file is begun; the outcomes of those that were begun still come.
    """
    begun: deque[tuple[Future[Outcome], int]] = deque()
    waiting = 0
    with ThreadPoolExecutor(at_once, thread_name_prefix="file") as executor:
        for file in files:
            size = file.size * (_UNZIPPED if file.name.endswith(".gz") else 1)
            while begun and (len(begun) >= at_once or waiting + size > _MOST_BYTES):
                future, done = begun.popleft()
                yield future.result()
                waiting -= done
            if stop.is_set():
                break
            begun.append((executor.submit(work, file), size))
            waiting += size
        for future, _ in begun:
            yield future.result()
