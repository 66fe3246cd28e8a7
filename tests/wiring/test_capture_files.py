"""Which of the files that were found are kept: by the hour in their keys, and by number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.wiring.capture_files import within

KEYS = [*(f"a/b/2026/03/01/{hour:02}/x.jsonl" for hour in range(9, 13)), "no-hour.jsonl"]
FOUND = [FoundFile(CaptureFile("captures", key), key, 1) for key in KEYS]
TEN, NOON = (datetime(2026, 3, 1, hour, 0, tzinfo=UTC) for hour in (10, 12))


def test_without_bounds_all_are_kept() -> None:
    assert within(FOUND, None, None) == FOUND


def test_hours_and_a_number_choose_files() -> None:
    assert within(FOUND, TEN, NOON) == FOUND[1:3]
    assert within(FOUND, TEN.replace(minute=30), None) == FOUND[1:4]
    assert within(FOUND, None, TEN.replace(minute=1)) == FOUND[:2]
    assert within(FOUND, TEN, None, 2) == FOUND[1:3]
    assert within(FOUND, None, None, 1) == FOUND[:1]


def test_that_none_is_left_is_said() -> None:
    with pytest.raises(UsageError, match="None of 5 files is of these hours"):
        within(FOUND, NOON.replace(day=2), None)
