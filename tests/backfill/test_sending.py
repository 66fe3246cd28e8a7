"""Earlier files are announced: all of them, and no faster than the queue drains."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.backfill.progress import Progress
from capture_forwarder.backfill.selection import Place, Selected, Selection
from capture_forwarder.backfill.sending import Backfill
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import hour_path
from capture_forwarder.core.errors import AccountError, UsageError
from tests.support.draining_queue import DrainingQueue as Queue
from tests.support.fakes import ManualClock
from tests.support.memory_buckets import MemoryBuckets

START = datetime(2026, 3, 1, tzinfo=UTC)
SELECTION = Selection((Place("captures", "data/"),))


class MemoryFile:
    """Progress in memory."""

    def __init__(self) -> None:
        self.text: str | None = None

    @property
    def name(self) -> str:
        return "progress.json"

    def read(self) -> str | None:
        return self.text

    def write(self, text: str) -> None:
        self.text = text


def write(capture_file: CaptureFile, routes: Sequence[str]) -> str:
    return json.dumps([capture_file.key, *routes])


def backfill(  # noqa: PLR0913 - what a test varies
    buckets: MemoryBuckets,
    queue: Queue,
    file: MemoryFile,
    *,
    selection: Selection = SELECTION,
    most_waiting: int = 10_000,
    taken: Sequence[str] = ("",),
) -> Backfill:
    def takes(capture_file: CaptureFile) -> bool:
        return any(part in capture_file.key for part in taken)

    selected = Selected(buckets, selection, takes)
    return Backfill(selected, queue, queue.clock, file, write=write, most_waiting=most_waiting)


def keys(folders: int, hours: int, files: int) -> list[str]:
    return [
        f"data/endpoint-{folder}/AllTraffic/{hour}/{file:03}.jsonl"
        for folder in range(folders)
        for hour in (hour_path(START + timedelta(hours=number)) for number in range(hours))
        for file in range(files)
    ]


def sent_keys(queue: Queue) -> list[str]:
    return [json.loads(body)[0] for body in queue.sent]


def run(work: Backfill) -> None:
    for _ in work.run():
        pass


def test_all_files_are_sent_once_in_the_order_of_time() -> None:
    found = keys(folders=3, hours=4, files=25)
    queue, file = Queue(ManualClock()), MemoryFile()
    work = backfill(MemoryBuckets([*found, "data/notes.txt"], 30), queue, file)

    run(work)

    assert sent_keys(queue) == found
    assert (work.progress.sent, work.progress.done) == (len(found), True)


@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 9),
    st.integers(1, 7),
    st.lists(st.integers(0, 90), max_size=4),
)
def test_broken_off_and_run_again_nothing_is_left_out_and_little_sent_twice(
    folders: int, hours: int, files: int, page_size: int, breaks: list[int]
) -> None:
    found = keys(folders, hours, files)
    queue, file = Queue(ManualClock()), MemoryFile()
    for fail_at in sorted(breaks):
        queue.fail_at = fail_at
        try:
            run(backfill(MemoryBuckets(found, page_size), queue, file))
        except AccountError:
            continue
    queue.fail_at = None

    work = backfill(MemoryBuckets(found, page_size), queue, file)
    run(work)

    times = Counter(sent_keys(queue))
    assert set(times) == set(found)
    assert sum(times.values()) - len(found) <= page_size * len(breaks)
    assert work.progress.done
    assert work.progress.sent == len(found)


@given(st.integers(1, 6), st.integers(0, 60))
def test_stopped_between_two_parts_it_goes_on_behind_the_last_page(stop: int, size: int) -> None:
    found = keys(1, 2, size)
    queue, file = Queue(ManualClock()), MemoryFile()
    work = iter(backfill(MemoryBuckets(found, 20), queue, file).run())
    for _ in range(stop):
        next(work, None)
    del work

    run(backfill(MemoryBuckets(found, 20), queue, file))

    assert set(sent_keys(queue)) == set(found)
    assert len(queue.sent) <= len(found) + 20


@given(st.floats(0.5, 50), st.floats(0, 60), st.integers(10, 80))
def test_the_queue_never_holds_more_than_it_may(
    drains: float, lag: float, most_waiting: int
) -> None:
    found = keys(2, 3, 40)
    clock = ManualClock()
    queue = Queue(clock, drains, lag)

    run(backfill(MemoryBuckets(found, 50), queue, MemoryFile(), most_waiting=most_waiting))

    assert sent_keys(queue) == found
    assert queue.most <= most_waiting


def test_messages_of_others_leave_less_room() -> None:
    clock = ManualClock()
    queue = Queue(clock, drains=1.0)
    queue.times.append((0.0, 95))  # live files
    work = backfill(MemoryBuckets(keys(1, 1, 30)), queue, MemoryFile(), most_waiting=100)

    run(work)

    assert queue.most <= 100
    assert clock.time >= 30


def test_what_the_queue_does_not_accept_is_sent_again() -> None:
    found = keys(1, 1, 30)
    queue = Queue(ManualClock())
    queue.refuse = [3, 17]

    run(backfill(MemoryBuckets(found), queue, MemoryFile()))

    assert sorted(sent_keys(queue)) == found
    assert queue.clock.sleeps == [2.0]


def test_a_queue_that_accepts_nothing_is_an_error_and_nothing_counts_as_sent() -> None:
    class Full(Queue):
        def send(self, bodies: Sequence[str]) -> Sequence[int]:
            return range(len(bodies))

    file = MemoryFile()
    work = backfill(MemoryBuckets(keys(1, 1, 3)), Full(ManualClock()), file)

    with pytest.raises(AccountError, match="does not accept 3 messages after 5 tries"):
        run(work)

    assert (work.progress, file.text) == (Progress(), None)


def test_a_backfill_that_is_done_sends_nothing_more() -> None:
    file = MemoryFile()
    run(backfill(MemoryBuckets(keys(1, 1, 3)), Queue(ManualClock()), file))
    queue = Queue(ManualClock())
    buckets = MemoryBuckets(keys(1, 1, 9))

    run(backfill(buckets, queue, file))

    assert (queue.sent, buckets.requests) == ([], 0)


def test_progress_of_another_selection_is_refused() -> None:
    file = MemoryFile()
    run(backfill(MemoryBuckets(keys(1, 1, 3)), Queue(ManualClock()), file))
    other = Selection(SELECTION.places, endpoint="churn", until=START)

    with pytest.raises(UsageError, match="with another until, endpoint"):
        backfill(MemoryBuckets([]), Queue(ManualClock()), file, selection=other)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"selection": {}, "progress": {"x": 1}}'])
def test_what_is_no_progress_is_refused(text: str) -> None:
    file = MemoryFile()
    file.text = text

    with pytest.raises(UsageError, match="not the progress of a backfill"):
        backfill(MemoryBuckets([]), Queue(ManualClock()), file)


def test_files_that_the_route_does_not_take_are_passed_over() -> None:
    found = keys(2, 1, 5)
    queue = Queue(ManualClock())
    selection = Selection(SELECTION.places, route="churn")
    work = backfill(
        MemoryBuckets(found), queue, MemoryFile(), selection=selection, taken=["endpoint-1"]
    )

    run(work)

    assert [json.loads(body) for body in queue.sent] == [[one, "churn"] for one in found[5:]]
    assert (work.progress.sent, work.progress.passed_over) == (5, 5)
