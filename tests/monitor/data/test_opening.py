"""Data of every kind, windows of it, and what is said when it cannot be read."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from capture_forwarder.core.errors import ForwarderError, UsageError
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.opening import DataChoice
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.errors import DataError
from tests.support.monitoring import profiled, write_csv, write_lines

ROWS = [{"a": number, "b": f"{number}.5", "c": "x"} for number in range(5)]


def test_all_formats_hold_the_same(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", ["a", "b", "c"], [tuple(row.values()) for row in ROWS])
    lines = write_lines(tmp_path / "x.jsonl", [{**row, "b": float(str(row["b"]))} for row in ROWS])
    (tmp_path / "z.jsonl.gz").write_bytes(gzip.compress(lines.read_bytes()))
    (tmp_path / "z.csv.gz").write_bytes(gzip.compress((tmp_path / "x.csv").read_bytes()))
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS FROM read_csv(?)", [str(tmp_path / "x.csv")])
        connection.execute("COPY t TO '" + str(tmp_path / "x.parquet") + "' (FORMAT parquet)")

    for name in ("x.csv", "x.jsonl", "z.jsonl.gz", "z.csv.gz", "x.duckdb", "x.parquet"):
        columns = profiled(tmp_path / name).columns
        assert [column.name for column in columns] == ["a", "b", "c"]
        assert [column.inferred for column in columns] == ["Integral", "Fractional", "String"]
        assert [column.moments.sum for column in columns[:2]] == [10, 12.5]
        assert columns[2].categories == {"x": 5}


@pytest.mark.parametrize(
    ("names", "features"),
    [
        (["inference_id", "inference_time", "line_digest", "a"], ["a"]),
        (["endpoint", "variant", "capture_hour", "a"], ["a"]),
        (["endpoint", "variant", "a"], ["endpoint", "variant", "a"]),
        (["variant", "a"], ["variant", "a"]),
    ],
)
def test_columns_that_we_add_are_no_features(
    tmp_path: Path, names: list[str], features: list[str]
) -> None:
    write_csv(tmp_path / "x.csv", names, [("1",) * len(names)])
    listed = ", ".join(names)
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT {listed} FROM '{tmp_path}/x.csv'")  # noqa: S608 - ours

    for name in ("x.csv", "x.duckdb"):
        assert [column.name for column in profiled(tmp_path / name).columns] == features


def at(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC)


def hours(folder: Path) -> Path:
    for endpoint in ("churn", "fraud"):
        for hour in (9, 10, 11):
            file = folder / endpoint / "AllTraffic/2026/03/01" / f"{hour:02}" / "part.jsonl.gz"
            file.parent.mkdir(parents=True)
            row = {"inference_id": "i", "hour": hour}
            file.write_bytes(gzip.compress(json.dumps(row).encode()))
    return folder


@pytest.mark.parametrize(
    ("since", "until", "endpoint", "expected"),
    [
        (None, None, "churn", {9, 10, 11}),
        (10, None, "churn", {10, 11}),
        (9, 11, "fraud", {9, 10}),
        (10, 11, None, {10}),
        (12, None, "churn", set()),
        (None, None, "other", set()),
    ],
)
def test_a_window_is_found_by_the_folders_of_hours(
    tmp_path: Path, since: int | None, until: int | None, endpoint: str | None, expected: set[int]
) -> None:
    window = Window(*(None if hour is None else at(hour) for hour in (since, until)))

    profile = profiled(DataChoice(hours(tmp_path), window, endpoint))

    assert profile.rows == len(expected) * (1 if endpoint else 2)
    assert [column.name for column in profile.columns] == (["hour"] if expected else [])
    if expected:
        moments = profile.columns[0].moments
        assert (moments.min, moments.max) == (min(expected), max(expected))


def test_a_window_is_found_by_a_column_with_times(tmp_path: Path) -> None:
    times = ["2026-03-01T09:59:59Z", "2026-03-01 10:00:00", "2026-03-01T12:30:00+02:00", "?", None]
    data = write_csv(tmp_path / "x.csv", ["at", "n"], [(time, n) for n, time in enumerate(times)])
    window = Window(datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 11, tzinfo=UTC))

    profile = profiled(DataChoice(data, window, time_column="at"))

    assert profile.rows == 2
    assert profile.notes == ("In no window, for want of a time that can be read: 2 rows.",)


def test_a_window_that_cannot_be_found_is_an_error(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "x.csv", ["a", "b"], [(1, 2)])
    window = Window(datetime(2026, 3, 1, tzinfo=UTC))

    with pytest.raises(UsageError, match="--time-column NAME"):
        profiled(DataChoice(data, window))


def test_numbers_in_place_of_names_are_noticed(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "x.csv", ["1", "2.5"], [(1, 2)])

    with pytest.raises(UsageError, match="--no-header"):
        profiled(data)
    assert profiled(DataChoice(data, header=False)).rows == 2


SECRET = "s3cr3t"  # noqa: S105 - a value that must not be told


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.csv", f"a,b\n1,2\n{SECRET}\n", "at line 3"),
        ("x.csv", f'a,b\n1,2\n"{SECRET}"x,2\n', "cannot be read"),
        ("x.jsonl", f'{{"a": 1, "b": 2}}\n{{"a": {SECRET}}}\n', "no JSON"),
        ("x.jsonl", f'{{"a": 1}}\n["{SECRET}"]\n', "Line 2"),
        ("x.jsonl", f'{{"a": "{SECRET}", "A": 2}}\n', "differ only in case"),
        ("x.parquet", SECRET * 9, "cannot be read"),
        ("x.duckdb", SECRET * 999, "cannot be read"),
        ("x.csv", f"a,a\n{SECRET},1\n", "two columns of one name"),
        ("x.txt", SECRET, "ends with none of"),
    ],
)
def test_what_cannot_be_read_is_told_without_its_values(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ForwarderError, match=told) as error:
        profiled(tmp_path / name)

    assert SECRET not in str(error.value)


def test_a_damaged_gzip_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n' * 9_999)[:-20])

    with pytest.raises(DataError, match="cannot be read"):
        profiled(tmp_path / "x.jsonl.gz")


def test_several_tables_need_a_name(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE one (a INT); CREATE TABLE two (a INT, line_digest TEXT)")

    with pytest.raises(UsageError, match="there are: 'one', 'two'"):
        profiled(path)
    assert [one.name for one in profiled(DataChoice(path, table="two")).columns] == ["a"]
    with pytest.raises(UsageError, match="no table 'three'"):
        profiled(DataChoice(path, table="three"))


def test_columns_can_be_left_out(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "x.csv", ["a", "b"], [(1, 2)])

    assert [one.name for one in profiled(DataChoice(data, exclude=("a",))).columns] == ["b"]


def test_a_database_that_this_program_has_open_is_not_called_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")

        with pytest.raises(DataError) as raised:
            profiled(path)

    assert "has the database open already" in raised.value.message
    assert "whole" not in raised.value.advice
    assert profiled(path).rows == 1


def test_data_that_takes_more_memory_than_there_is_is_not_called_locked() -> None:
    with open_duckdb(10) as engine, pytest.raises(DataError, match="more memory than there is"):
        engine.run("CREATE TABLE t AS SELECT list(range) FROM range(5_000_000)")


@pytest.mark.parametrize("name", ["x*.csv", "x[a].csv", "x?.csv"])
def test_a_files_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path / name, ["a"], [(1,)])
    write_csv(tmp_path / "xa.csv", ["a"], [(1,), (2,)])

    assert profiled(tmp_path / name).rows == 1
