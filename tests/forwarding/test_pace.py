"""What is told of the work while it goes on."""

from __future__ import annotations

import gzip
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.forwarding.pace import Pace, WatchedStore
from capture_forwarder.local.objects import FolderObjectStore
from capture_forwarder.parser import read_lines
from tests.support.ledgers import ManualClock


def test_rows_a_second_and_the_time_left_are_told() -> None:
    clock = ManualClock()
    pace = Pace(40, 1000, clock)
    clock.sleep(10)
    pace.count_rows(30_000)
    pace.count_read(250)
    pace.count_file()

    assert str(pace) == "1 of 40 files, 30,000 rows, 3,000 rows/s, 0:30 left"


def test_before_anything_was_read_nothing_is_said_of_the_time_left() -> None:
    assert str(Pace(2, 1000, ManualClock())) == "0 of 2 files, 0 rows, 0 rows/s"


def test_the_time_left_is_none_at_the_end_also_when_a_file_grew() -> None:
    clock = ManualClock()
    pace = Pace(1, 10, clock)
    clock.sleep(5)
    pace.count_read(30)

    assert pace.seconds_left == 0


def test_bytes_are_counted_as_they_are_stored_and_come_as_they_are(tmp_path: Path) -> None:
    stored = gzip.compress(b"one\ntwo\n" * 1000)
    (tmp_path / "a.jsonl.gz").write_bytes(stored)
    pace = Pace(1, len(stored), ManualClock())

    with WatchedStore(FolderObjectStore(tmp_path), pace).open(
        CaptureFile("local", "a.jsonl.gz")
    ) as opened:
        lines = [line.data for line in read_lines(opened.stream, 1000)]

    assert lines == [b"one", b"two"] * 1000
    assert pace.read == len(stored)
