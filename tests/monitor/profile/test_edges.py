"""Data at the edge: nothing, constants, infinities, large integers, thousands of columns, names."""

from __future__ import annotations

import json
import math
from pathlib import Path

import duckdb
import pytest

from capture_forwarder.monitor.constraints.suggest import suggest
from capture_forwarder.monitor.data.opening import DataChoice
from capture_forwarder.monitor.profile.columns import ColumnProfile
from capture_forwarder.monitor.profile.profiling import statistics_of
from capture_forwarder.monitor.profile.statistics import InferredType, write_statistics
from tests.support.monitoring import profiled, write_csv, write_lines

HOSTILE = [
    "<script>alert(1)</script>",
    'quo"te',
    "it's",
    "a\0b",
    "x; DROP TABLE head; --",
    "c0",
    "n_c0",
    "$bounds_c0",
    "{}",
    "new\nline",
    "\\",
    "naïve ✓",
    " ",
]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    (tmp_path / "x.jsonl").touch()

    assert profiled(tmp_path / "x.csv").rows == 0
    assert profiled(tmp_path / "x.jsonl").rows == 0


def test_a_header_alone_has_columns_and_no_rows(tmp_path: Path) -> None:
    profile = profiled(write_csv(tmp_path / "x.csv", ["a", "b"], []))

    assert profile.rows == 0
    assert [column.inferred for column in profile.columns] == [InferredType.UNKNOWN] * 2
    assert json.loads(write_statistics(statistics_of(profile)))["dataset"]["item_count"] == 0


def test_one_row_is_its_own_minimum_and_maximum(tmp_path: Path) -> None:
    moments = profiled(write_csv(tmp_path / "x.csv", ["a", "b"], [(7, "x")])).columns[0].moments

    assert (moments.min, moments.max, moments.sum, moments.std_dev) == (7, 7, 7, 0)


def test_a_constant_has_buckets_without_width(tmp_path: Path) -> None:
    profile = profiled(write_csv(tmp_path / "x.csv", ["a", "b"], [(5, "k")] * 4))
    number, text = json.loads(write_statistics(statistics_of(profile)))["features"]

    buckets = number["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert [bucket["count"] for bucket in buckets] == [0.0] * 9 + [4.0]
    assert {bucket["lower_bound"] for bucket in buckets} == {5.0}
    assert text["string_statistics"]["distribution"]["categorical"]["buckets"] == [
        {"value": "k", "count": 4}
    ]


def test_a_column_without_a_value_is_unknown_and_asks_for_nothing(tmp_path: Path) -> None:
    profile = profiled(write_csv(tmp_path / "x.csv", ["a", "b"], [(None, 1), (None, 2)]))
    feature = json.loads(write_statistics(statistics_of(profile)))["features"][0]

    assert feature["inferred_type"] == "Unknown"
    assert feature["string_statistics"]["common"] == {"num_present": 0, "num_missing": 2}
    constraints = suggest(profile).by_name()["a"]
    assert constraints.completeness == 0
    assert constraints.domains is None


def column_of(tmp_path: Path, kind: str, *values: str) -> ColumnProfile:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE t (x {kind})")
        for value in values:
            connection.execute(f"INSERT INTO t VALUES ({value})")  # noqa: S608 - its own values
    return profiled(DataChoice(path)).columns[0]


def test_an_infinite_number_is_there_but_in_no_moment(tmp_path: Path) -> None:
    column = column_of(tmp_path, "DOUBLE", "1", "3", "'inf'", "'-inf'")

    assert column.inferred is InferredType.FRACTIONAL
    assert column.counts.present == 4
    assert (column.moments.count, column.moments.min, column.moments.max) == (2, 1, 3)
    assert column.levels == [[1.0, 3.0]]


def test_only_infinite_numbers_give_no_moments_and_valid_json(tmp_path: Path) -> None:
    column = column_of(tmp_path, "DOUBLE", "'inf'")

    assert column.counts.present == 1
    assert column.moments.sum is None
    assert column.levels == ()


def test_nan_in_a_table_is_no_value(tmp_path: Path) -> None:
    column = column_of(tmp_path, "DOUBLE", "1.5", "'nan'", "NULL")

    assert (column.counts.present, column.counts.rows) == (1, 3)
    assert column.moments.max == 1.5


def test_a_number_too_large_for_a_double_is_there_but_in_no_moment(tmp_path: Path) -> None:
    column = profiled(
        write_csv(tmp_path / "x.csv", ["a", "b"], [("1e400", 1), ("2.5", 1)])
    ).columns[0]

    assert column.counts.fractional == 2
    assert (column.moments.count, column.moments.max) == (1, 2.5)


def test_a_sum_too_large_for_a_double_is_null(tmp_path: Path) -> None:
    rows = [("1e308", 1)] * 5
    statistics = statistics_of(profiled(write_csv(tmp_path / "x.csv", ["a", "b"], rows)))

    numbers = json.loads(write_statistics(statistics))["features"][0]["numerical_statistics"]
    assert numbers["sum"] is None
    assert numbers["mean"] is None
    assert numbers["max"] == 1e308


@pytest.mark.parametrize("kind", ["HUGEINT", "DECIMAL(38, 0)", "VARCHAR"])
def test_integers_beyond_2_to_the_53_are_as_near_as_a_double_is(tmp_path: Path, kind: str) -> None:
    column = column_of(tmp_path, kind, str(2**53 + 1), str(2**80))

    assert column.moments.max == pytest.approx(2.0**80, rel=1e-15)
    assert column.counts.present == 2
    assert column.distinct == 2


def test_the_range_of_a_double_is_divided_without_overflow(tmp_path: Path) -> None:
    rows = [("-1.7e308", 1), ("1.7e308", 1)]
    statistics = statistics_of(profiled(write_csv(tmp_path / "x.csv", ["a", "b"], rows)))
    kll = json.loads(write_statistics(statistics))["features"][0]["numerical_statistics"]

    bounds = [bucket["upper_bound"] for bucket in kll["distribution"]["kll"]["buckets"]]
    assert all(map(math.isfinite, bounds))
    assert bounds == sorted(bounds)


def test_five_thousand_columns_are_looked_at_and_that_there_are_more_is_said(
    tmp_path: Path,
) -> None:
    names = [f"feature {number}" for number in range(5_003)]
    rows = [dict.fromkeys(names, number) for number in range(3)]

    profile = profiled(write_lines(tmp_path / "x.jsonl", rows))

    assert [column.name for column in profile.columns] == names[:5_000]
    assert {column.moments.sum for column in profile.columns} == {3.0}
    assert profile.notes == ("3 columns were left out: no more than 5000 are looked at.",)


def test_hostile_names_in_json_are_just_names(tmp_path: Path) -> None:
    rows = [{name: number + index for index, name in enumerate(HOSTILE)} for number in range(4)]

    profile = profiled(write_lines(tmp_path / "x.jsonl", rows))

    assert [column.name for column in profile.columns] == HOSTILE
    assert [column.moments.min for column in profile.columns] == [*range(len(HOSTILE))]
    features = json.loads(write_statistics(statistics_of(profile)))["features"]
    assert [feature["name"] for feature in features] == HOSTILE


def test_hostile_names_in_csv_are_just_names(tmp_path: Path) -> None:
    names = [name for name in HOSTILE if "\0" not in name]

    profile = profiled(write_csv(tmp_path / "x.csv", names, [list(range(len(names)))]))

    assert [column.name for column in profile.columns] == names


def test_hostile_names_in_a_table_are_just_names(tmp_path: Path) -> None:
    names = [name for name in HOSTILE if "\0" not in name]
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join('"' + name.replace('"', '""') + '" INTEGER' for name in names)
        connection.execute(f'CREATE TABLE "t;\'" ({columns})')
        connection.execute(f'INSERT INTO "t;\'" VALUES ({", ".join(map(str, range(len(names))))})')  # noqa: S608 - its own values

    profile = profiled(DataChoice(path, table="t;'"))

    assert [column.name for column in profile.columns] == names
    assert [column.moments.max for column in profile.columns] == [*range(len(names))]


def test_hostile_values_are_just_values(tmp_path: Path) -> None:
    rows = [{"a": value, "b": 1} for value in [*HOSTILE, "", "null", '"', "\ud7ff"]]

    column = profiled(write_lines(tmp_path / "x.jsonl", rows)).columns[0]

    assert column.categories == {row["a"]: 1 for row in rows}
