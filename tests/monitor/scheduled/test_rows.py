"""The rows of a window, brought a few files at a time to where DuckDB reads them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import OutOfTimeError, UsageError
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.json_lines import MOST_COLUMNS
from capture_forwarder.monitor.data.opening import DataChoice, open_data
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.profile.columns import Profile
from capture_forwarder.monitor.profile.profiling import profile_of
from capture_forwarder.monitor.scheduled.copies import Room
from capture_forwarder.monitor.scheduled.rows import Wanted, rows_of_window
from tests.support.memory_files import MemoryFileStore
from tests.support.monitoring import chance

FOLDER = "s3://rows/out/churn"
HOUR = "2026/03/02/09"
WINDOW = Window(datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC))
PLENTY = 10**12


def zipped(rows: Sequence[Mapping[str, object]]) -> bytes:
    return gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())


def address(number: int, hour: str = HOUR, suffix: str = ".jsonl.gz") -> str:
    return f"{FOLDER}/AllTraffic/{hour}/{number:06}{suffix}"


def never() -> None:
    """The time is never up."""


def profiled(
    store: MemoryFileStore,
    *,
    at_once: int = 1,
    exclude: tuple[str, ...] = (),
    free: Callable[[], int] = lambda: PLENTY,
    check_time: Callable[[], None] = never,
) -> Profile:
    """Profile the rows of the window, copied so many bytes at a time."""
    with open_duckdb() as engine:
        room = Room(free, check_time, at_once)
        return profile_of(
            engine, rows_of_window(engine, store, Wanted(FOLDER, WINDOW, exclude), room)
        )


def test_a_few_files_are_on_the_disk_at_once_and_what_stays_is_smaller_than_they_were() -> None:
    there: list[int] = []
    whole: list[int] = []

    def look(path: Path) -> None:
        there.append(sum(1 for one in path.parent.iterdir()))
        files = [one for one in path.parents[1].rglob("*") if one.is_file()]
        whole.append(sum(one.stat().st_size for one in files))

    store = MemoryFileStore(look)
    made = chance(1)
    for number in range(12):
        rows = [
            {"inference_id": f"{made.random()}", "a": made.random(), "t": "red"}
            for _ in range(2_000)
        ]
        store.held[address(number)] = zipped(rows)
    largest = max(map(len, store.held.values()))
    total = sum(map(len, store.held.values()))

    found = profiled(store, at_once=3 * largest)

    assert found.rows == 24_000
    assert (len(there), max(there)) == (12, 3)
    assert max(whole) < 0.8 * total


@given(
    parts=st.lists(
        st.lists(
            st.dictionaries(
                st.sampled_from(["a", "b", "it's", 'a "name"', "<script>"]),
                st.sampled_from([1, 2.0, 1e5, -7, "x", "3", "", True, None]),
                min_size=1,
            ),
            min_size=1,
            max_size=5,
        ),
        min_size=1,
        max_size=4,
    ),
    at_once=st.integers(1, 400),
)
def test_rows_that_were_copied_are_the_rows_that_are_there(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[dict[str, object]]], at_once: int
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    store = MemoryFileStore()
    for number, rows in enumerate(parts):
        store.held[address(number)] = zipped(rows)
        (folder / f"{number:06}.jsonl.gz").write_bytes(zipped(rows))
    with open_duckdb() as engine:
        local = profile_of(engine, open_data(engine, DataChoice(folder)))

    copied = profiled(store, at_once=at_once)

    assert copied.rows == local.rows
    assert copied.by_name() == local.by_name()


def test_a_type_is_that_of_the_text_that_was_written() -> None:
    store = MemoryFileStore()
    store.held[address(0)] = zipped([{"a": 3, "b": 3.0}])
    store.held[address(1)] = zipped([{"a": 4, "b": 4}])

    columns = profiled(store).by_name()

    assert (columns["a"].inferred.value, columns["b"].inferred.value) == ("Integral", "Fractional")


def test_columns_that_come_later_or_are_excluded_are_there_or_not() -> None:
    store = MemoryFileStore()
    store.held[address(0)] = zipped([{"a": 1, "secret": "x"}])
    store.held[address(1)] = zipped([{"b": 2, "a": 5}])

    found = profiled(store, exclude=("secret",))

    assert [(one.name, one.counts.present) for one in found.columns] == [("a", 2), ("b", 1)]
    assert found.rows == 2


def columns_of(store: MemoryFileStore) -> Relation:
    with open_duckdb() as engine:
        room = Room(lambda: PLENTY, never, 1)
        return rows_of_window(engine, store, Wanted(FOLDER, WINDOW), room)


def test_columns_beyond_the_most_are_left_out_with_a_note_whichever_file_they_are_in() -> None:
    most = {f"c{number}": number for number in range(MOST_COLUMNS)}
    store = MemoryFileStore()
    store.held[address(0)] = zipped([most])
    store.held[address(1)] = zipped([{"c7": 1}])

    assert (len(columns_of(store).columns), columns_of(store).notes) == (MOST_COLUMNS, ())

    store.held[address(2)] = zipped([{"more": 1, "c3": 1}])
    found = columns_of(store)
    assert len(found.columns) == MOST_COLUMNS
    assert found.notes == ("Columns were left out: no more than 5000 are looked at.",)

    del store.held[address(2)]
    store.held[address(0)] = store.held[address(3)] = zipped([{**most, "more": 1}])
    found = columns_of(store)
    assert len(found.columns) == MOST_COLUMNS
    assert found.notes == ("1 column was left out: no more than 5000 are looked at.",)


def test_parquet_files_are_read_with_their_types(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    duckdb.execute(f"COPY (SELECT 1 AS a, 0.5 AS b, 'red' AS t) TO '{path}' (FORMAT parquet)")
    store = MemoryFileStore()
    store.held[address(0, suffix=".parquet")] = path.read_bytes()

    columns = profiled(store).by_name()

    assert [one.inferred.value for one in columns.values()] == ["Integral", "Fractional", "String"]


def test_only_the_days_of_the_window_are_listed_and_only_its_hours_are_read() -> None:
    store = MemoryFileStore()
    for hour in (
        "2026/03/02/07",
        "2026/03/02/08",
        "2026/03/02/09",
        "2026/03/02/10",
        "2025/01/01/09",
    ):
        store.held[address(0, hour)] = zipped([{"hour": hour}])
    store.held[f"{FOLDER}/AllTraffic/{HOUR}/notes.txt"] = b"no rows"
    store.held[f"{FOLDER}/AllTraffic/unknown-hour/x.jsonl.gz"] = zipped([{"hour": "?"}])

    found = profiled(store)

    assert set(found.by_name()["hour"].categories) == {"2026/03/02/08", "2026/03/02/09"}
    assert store.listed == [f"{FOLDER}/AllTraffic/2026/03/02"]


def test_no_files_are_no_rows() -> None:
    assert profiled(MemoryFileStore()).rows == 0


@pytest.mark.parametrize("at_once", [1, PLENTY])
def test_files_without_a_byte_are_passed_over(at_once: int) -> None:
    store = MemoryFileStore()
    for number, data in enumerate([b"", zipped([{"a": 1}]), b""]):
        store.held[address(number)] = data
    store.held[address(3, suffix=".csv")] = b""

    assert profiled(store, at_once=at_once).rows == 1


def test_files_of_several_formats_are_refused() -> None:
    store = MemoryFileStore()
    store.held[address(0)] = zipped([{"a": 1}])
    store.held[address(1, suffix=".csv")] = b"a\n1\n"

    with pytest.raises(UsageError, match="several formats"):
        profiled(store)


def test_nothing_is_copied_that_the_disk_has_no_room_for() -> None:
    copied: list[Path] = []
    store = MemoryFileStore(copied.append)
    for number in range(3):
        store.held[address(number)] = zipped([{"a": number}])
    size = len(store.held[address(0)])
    free = iter([3 * size, 3 * size - 1])

    with pytest.raises(UsageError, match="do not fit on the disk"):
        profiled(store, free=lambda: next(free))

    assert len(copied) == 1


def test_the_time_is_looked_at_before_each_copy() -> None:
    copied: list[Path] = []
    store = MemoryFileStore(copied.append)
    for number in range(3):
        store.held[address(number)] = zipped([{"a": number}])
    left = iter([True, True])

    def check_time() -> None:
        if not next(left, False):
            raise OutOfTimeError("The time is up.")

    with pytest.raises(OutOfTimeError):
        profiled(store, check_time=check_time)

    assert len(copied) == 2
