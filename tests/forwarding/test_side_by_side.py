"""Several files at once: how many, in which order their outcomes come, and when none is begun."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.forwarding.side_by_side import side_by_side

LARGE = 5 * 1024 * 1024


def files(*sizes: int, suffix: str = "") -> list[FoundFile]:
    """Files called 0, 1, ... of these sizes."""
    return [
        FoundFile(CaptureFile("bucket", f"{n}{suffix}"), f"{n}{suffix}", size)
        for n, size in enumerate(sizes)
    ]


class Work:
    """Notes how many files, and how many of their bytes, are worked on at the same time."""

    def __init__(self, together: int = 1, seconds: float = 0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._barrier = threading.Barrier(together)
        self._now: list[FoundFile] = []
        self.most: list[FoundFile] = []
        self.begun: list[str] = []

    def __call__(self, file: FoundFile) -> str:
        with self._lock:
            self._now.append(file)
            self.begun.append(file.name)
            self.most = max(self.most, list(self._now), key=len)
        threading.Event().wait(self._seconds)
        if file.size == 1:
            self._barrier.wait(30.0)
        with self._lock:
            self._now.remove(file)
        return file.name


@given(sizes=st.lists(st.sampled_from([0, 1, 1000, LARGE]), max_size=20), at_once=st.integers(1, 4))
def test_every_file_has_an_outcome_in_the_order_of_the_files(
    sizes: Sequence[int], at_once: int
) -> None:
    work = Work()
    given_files = files(*sizes)

    found = list(side_by_side(work, given_files, at_once, threading.Event()))

    assert found == [file.name for file in given_files]
    assert len(work.most) <= at_once


def test_as_many_small_files_as_may_be_are_worked_on_at_once() -> None:
    work = Work(together=3)  # none ends before three are begun

    sizes = [1, 1, 1, LARGE, 1, 1, 1]
    assert len(list(side_by_side(work, files(*sizes), 3, threading.Event()))) == len(sizes)
    assert len(work.most) == 3


@pytest.mark.parametrize(("size", "suffix"), [(LARGE, ""), (LARGE // 10, ".gz")])
def test_a_large_file_is_worked_on_alone(size: int, suffix: str) -> None:
    work = Work(seconds=0.05)  # time enough for another to begin, if one may

    list(side_by_side(work, files(*[size] * 5, suffix=suffix), 4, threading.Event()))

    assert len(work.most) == 1


def test_once_it_is_stopped_no_file_is_begun_and_those_begun_have_their_outcome() -> None:
    work, stop = Work(), threading.Event()

    found = []
    for name in side_by_side(work, files(*[LARGE] * 9), 2, stop):
        found.append(name)
        if name == "3":
            stop.set()

    assert found == work.begun
    assert found in (["0", "1", "2", "3"], ["0", "1", "2", "3", "4"])
