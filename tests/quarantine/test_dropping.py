"""Entries that leave a quarantine since their lines were delivered: those alone, and only then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import (
    QuarantineEntry,
    encode_entries,
    entry_path,
    make_entry,
)
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.local.quarantine_files import FolderQuarantineFiles
from capture_forwarder.quarantine.dropping import Delivery, drop_delivered
from capture_forwarder.quarantine.entries import read_files

FILE = CaptureFile("bucket", "data/churn/blue/2026/03/01/10/20-30-123-x.jsonl")
LONG = CaptureFile("bucket", f"{'long/' * 200}churn/blue/2026/03/01/10/x.jsonl")
BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE = BEGAN - timedelta(seconds=1)


def entry(number: int, source: CaptureFile = FILE, time: datetime = BEFORE) -> QuarantineEntry:
    line = Line(number, number * 10, b"{}", 2)
    rejection = Rejection(Reason.INVALID_JSON, "detail")
    return make_entry(source, line, rejection, "churn", time.isoformat(), "revision-1")


def keep(folder: Path, *entries: QuarantineEntry) -> FolderQuarantineFiles:
    for one in entries:
        source = CaptureFile(one.bucket, one.key)
        path = folder / entry_path(source, one, readable=len(one.key) < 200)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_entries([one]))
    return FolderQuarantineFiles(folder)


def left(files: FolderQuarantineFiles) -> list[int]:
    return sorted(one.entry.line_number for file in read_files(files) for one in file.entries)


@pytest.mark.parametrize("source", [FILE, LONG])
def test_what_was_delivered_leaves_whatever_the_path_of_its_file(
    tmp_path: Path, source: CaptureFile
) -> None:
    files = keep(tmp_path, entry(1, source), entry(2, source))

    dropped = drop_delivered(files, [Delivery(source, "revision-1", "churn")], BEGAN)

    assert dropped.reasons == Counter({"invalid-json": 2})
    assert left(files) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"route": "other"},
        {"revision": "revision-2"},
        {"capture_file": CaptureFile("other", FILE.key)},
        {"capture_file": CaptureFile("bucket", FILE.key.replace("churn", "fraud"))},
        {"resumed_at": 1},
    ],
)
def test_what_was_not_delivered_stays(tmp_path: Path, changes: dict[str, object]) -> None:
    files = keep(tmp_path, entry(1))
    delivery = replace(Delivery(FILE, "revision-1", "churn"), **changes)  # type: ignore[arg-type]

    assert drop_delivered(files, [delivery], BEGAN).reasons == Counter()

    assert left(files) == [1]


def test_lines_behind_the_one_where_it_went_on_leave(tmp_path: Path) -> None:
    files = keep(tmp_path, entry(1), entry(2), entry(3))

    drop_delivered(files, [Delivery(FILE, "revision-1", "churn", resumed_at=2)], BEGAN)

    assert left(files) == [1, 2]


@pytest.mark.parametrize("time", [BEGAN, BEGAN + timedelta(microseconds=1)])
def test_what_this_run_itself_put_there_stays(tmp_path: Path, time: datetime) -> None:
    files = keep(tmp_path, entry(1, time=time), entry(2))

    drop_delivered(files, [Delivery(FILE, "revision-1", "churn")], BEGAN)

    assert left(files) == [1]


def test_an_entry_whose_time_is_none_stays(tmp_path: Path) -> None:
    files = keep(tmp_path, msgspec.structs.replace(entry(1), time="yesterday"))

    drop_delivered(files, [Delivery(FILE, "revision-1", "churn")], BEGAN)

    assert left(files) == [1]
