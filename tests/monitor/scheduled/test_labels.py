"""Which files of labels are read for a window, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.scheduled.labels import label_files
from tests.support.memory_files import MemoryFileStore

FOLDER = "s3://b/truth/churn"
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=2))


def found(*names: str, data: bytes = b"x") -> list[str]:
    store = MemoryFileStore()
    store.held = {f"{FOLDER}/{name}": data for name in names}
    return [file.address.removeprefix(f"{FOLDER}/") for file in label_files(store, FOLDER, WINDOW)]


def test_labels_are_in_the_order_in_which_they_were_collected_whatever_folders_are_above() -> None:
    names = (
        "z/late/2026/03/02/09/a.jsonl",
        "2026/03/02/11/a.csv",
        "2026/03/02/08/b.jsonl.gz",
        "2026/03/02/08/a.parquet",
        "loose.csv",
        "2026/13/45/99/no-hour.jsonl",
    )

    assert found(*names) == [names[5], names[4], names[3], names[2], names[0], names[1]]


def test_what_holds_no_labels_is_passed_over() -> None:
    assert found("README.md", "2026/03/02/09/_SUCCESS", "rows.duckdb") == []
    assert found("2026/03/02/09/a.jsonl", "loose.csv", data=b"") == []


@given(hours=st.lists(st.integers(-50, 5_000), unique=True))
def test_every_hour_from_the_windows_start_on_counts_and_none_before(hours: list[int]) -> None:
    times = {hour: START + timedelta(hours=hour) for hour in hours}
    names = {hour: f"{time:%Y/%m/%d/%H}/a.jsonl" for hour, time in times.items()}

    assert found(*names.values()) == [names[hour] for hour in sorted(hours) if hour >= 0]
