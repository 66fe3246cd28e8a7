"""Where captures are in a bucket, and the files from one hour to another, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import (
    find_folders,
    full_hours,
    hour_path,
    is_within,
    newest_files,
    pages_between,
)
from tests.support.memory_buckets import MemoryBuckets

START = datetime(2026, 2, 27, 22, tzinfo=UTC)
hours = st.integers(0, 60).map(lambda number: START + timedelta(hours=number))
names = st.text("ab-ü 0", min_size=1, max_size=3)
times = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
variants = st.lists(
    st.builds(
        lambda depth, one, two: "/".join([*depth, one, two]),
        st.lists(names, max_size=2),
        names,
        names,
    ),
    min_size=1,
    max_size=4,
    unique=True,
)


def key(folder: str, time: datetime, number: int = 0) -> str:
    return f"{folder}/{hour_path(time)}/{number:02}-00-000-a.jsonl"


@given(variants, st.lists(hours, min_size=1, max_size=6), st.integers(1, 5))
def test_every_variant_is_found_whatever_the_pages(
    folders: list[str], times: list[datetime], page_size: int
) -> None:
    keys = [key(folder, time) for folder in folders for time in times]
    buckets = MemoryBuckets([*keys, "notes.txt", "a/notes.txt"], page_size)

    found = list(find_folders(buckets, "captures", ""))

    assert sorted(found) == sorted(f"{folder}/" for folder in folders)


def test_a_prefix_may_end_within_a_name_or_name_the_folder_itself() -> None:
    buckets = MemoryBuckets([key("data/churn/AllTraffic", START), key("other/x/y", START)])

    for prefix in ("", "da", "data/", "data/churn/All", "data/churn/AllTraffic/"):
        found = list(find_folders(buckets, "captures", prefix))
        assert "data/churn/AllTraffic/" in found
        assert ("other/x/y/" in found) is (not prefix)


def test_double_slashes_of_a_destination_are_gone_through() -> None:
    buckets = MemoryBuckets([key("data//churn/AllTraffic", START)])

    assert list(find_folders(buckets, "captures", "data/")) == ["data//churn/AllTraffic/"]


@given(
    st.lists(st.tuples(hours, st.integers(0, 20)), max_size=30, unique=True),
    st.none() | hours,
    st.none() | hours,
    st.integers(1, 7),
    st.none() | st.integers(0, 29),
)
def test_exactly_the_files_of_the_hours_are_listed_in_order(
    files: list[tuple[datetime, int]],
    since: datetime | None,
    until: datetime | None,
    page_size: int,
    resumed: int | None,
) -> None:
    folder = "data/churn/AllTraffic"
    keys = sorted(key(folder, *file) for file in files)
    buckets = MemoryBuckets([*keys, key("data/churn/AllTraffic2", START)], page_size)
    after = keys[resumed] if resumed is not None and resumed < len(keys) else ""

    pages = list(pages_between(buckets, "captures", f"{folder}/", since, until, after=after))

    expected = sorted(
        key(folder, time, number)
        for time, number in files
        if (since is None or time >= since) and (until is None or time < until)
    )
    assert [file.key for page in pages for file in page.files] == [
        one for one in expected if one > after
    ]
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]


def test_hours_are_those_of_utc() -> None:
    eastern = timezone(timedelta(hours=-5))

    assert hour_path(datetime(2026, 2, 28, 23, 59, tzinfo=eastern)) == "2026/03/01/04"


@given(times, times)
def test_hours_are_widened_and_never_narrowed(since: datetime, until: datetime) -> None:
    first, end = full_hours(since, until)

    assert first is not None
    assert end is not None
    assert timedelta(0) <= since - first < timedelta(hours=1)
    assert timedelta(0) <= end - until < timedelta(hours=1)
    assert (first.minute, first.second, end.minute, end.second) == (0, 0, 0, 0)
    assert full_hours(first, end) == (first, end)
    assert full_hours(None, None) == (None, None)


@given(times, st.none() | times, st.none() | times)
def test_a_file_is_within_bounds_if_its_hour_is(
    time: datetime, since: datetime | None, until: datetime | None
) -> None:
    hour = CaptureFile("captures", key("a/b", time)).capture_hour
    first, end = full_hours(since, until)
    begun = time.replace(minute=0, second=0, microsecond=0)

    expected = (first is None or begun >= first) and (end is None or begun < end)
    assert hour is not None
    assert is_within(hour, first, end) is expected


@given(st.sets(hours, min_size=1, max_size=8), st.integers(1, 3), st.integers(1, 12))
def test_the_newest_files_are_found_from_the_end(
    times: set[datetime], files: int, count: int
) -> None:
    folder = "data/churn/AllTraffic"
    keys = sorted(key(folder, time, number) for time in times for number in range(files))
    marker = f"{folder}/{hour_path(START)}/"
    buckets = MemoryBuckets([*keys, marker, "data/churn/other/2030/01/01/00/x.jsonl"])

    found = newest_files(buckets, "captures", f"{folder}/", count)

    assert [file.key for file in found] == keys[-count:]


def test_the_newest_files_of_many_hours_take_few_requests() -> None:
    folder = "data/churn/AllTraffic"
    buckets = MemoryBuckets([key(folder, START + timedelta(hours=n)) for n in range(5000)])

    newest_files(buckets, "captures", f"{folder}/", 3)

    assert buckets.requests <= 4 + 3
