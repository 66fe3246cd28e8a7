"""Which files a backfill sends, how many they are, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from capture_forwarder.backfill.estimate import estimate
from capture_forwarder.backfill.selection import Folder, Place, Selected, Selection
from tests.support.memory_buckets import MemoryBuckets

KEYS = [
    "data/a/AllTraffic/2026/03/01/09/00-00-000-x.jsonl",
    "data/a/AllTraffic/2026/03/01/10/00-00-000-x.jsonl",
    "data/a/shadow/2026/03/01/10/00-00-000-x.jsonl",
    "data/b/AllTraffic/2026/03/02/10/00-00-000-x.jsonl",
    "data/b/AllTraffic/2026/03/02/10/00-00-000-x.jsonl.gz",
    "other/b/AllTraffic/2026/03/02/10/00-00-000-x.jsonl",
]


def chosen(**options: object) -> list[str]:
    selection = Selection((Place("captures", "data/"),), **options)  # type: ignore[arg-type]
    selected = Selected(MemoryBuckets(KEYS), selection, lambda _: True)
    return [
        file.key
        for folder in selected.folders()
        for page in selected.pages(folder)
        for file in page.files
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"endpoint": "a"}, [0, 1, 2]),
        ({"endpoint": "a", "variant": "shadow"}, [2]),
        ({"variant": "AllTraffic"}, [0, 1, 3]),
        ({"since": datetime(2026, 3, 1, 10, tzinfo=UTC)}, [1, 2, 3]),
        ({"until": datetime(2026, 3, 1, 10, tzinfo=UTC)}, [0]),
        ({"endpoint": "nobody"}, []),
    ],
)
def test_options_choose_files(options: dict[str, object], expected: list[int]) -> None:
    assert chosen(**options) == [KEYS[number] for number in expected]


def test_a_folder_names_endpoint_and_variant() -> None:
    folder = Folder.at("s3://captures/data/a/AllTraffic/")

    assert (folder.bucket, folder.endpoint, folder.variant) == ("captures", "a", "AllTraffic")
    assert str(folder) == "s3://captures/data/a/AllTraffic/"
    assert Folder("captures", "alone/").endpoint == ""


def test_files_are_counted_by_endpoint_and_day() -> None:
    selection = Selection((Place("captures", "data/"),))
    selected = Selected(MemoryBuckets(KEYS), selection, lambda file: file.variant == "AllTraffic")
    seen: list[int] = []

    found = estimate(selected, seen.append)

    counted = {day: (amount.files, amount.bytes) for day, amount in found.days.items()}
    assert counted == {("a", "2026-03-01"): (2, 20), ("b", "2026-03-02"): (1, 10)}
    assert (found.total.files, found.total.bytes, found.passed_over) == (3, 30, 1)
    assert seen == [2, 2, 3]


def test_a_million_files_cost_what_the_page_says() -> None:
    selection = Selection((Place("captures", "data/"),))
    found = estimate(Selected(MemoryBuckets([]), selection, lambda _: True))
    found.total.files, found.pages = 1_000_000, 1_000

    assert found.announcing == pytest.approx(0.045)
    assert found.forwarding == pytest.approx(4.9)
    assert found.seconds(5) == pytest.approx(24_000)
