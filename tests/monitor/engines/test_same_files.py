"""Both engines make the same files of the same data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engines import SMALL, Make, hours, large, large_typed, run, typed, wide
from tests.support.monitoring import write_csv

sql = pytest.importorskip("pyspark.sql")

ENGINES = ("duckdb", "spark")
FILES = ("statistics.json", "constraints.json", "constraint_violations.json", "drift.json")
ALMOST = 1e-12


@pytest.fixture(scope="module", autouse=True)
def spark() -> Iterator[object]:
    """One Spark for all tests, since it takes its time to start."""
    builder = sql.SparkSession.builder.master("local[2]")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.sql.shuffle.partitions": "2",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def baseline(data: Path, folder: Path, engine: str, *options: str) -> Path:
    to = folder / f"baseline-{engine}"
    code, said = run("baseline", data, "--to", to, "--engine", engine, *options)
    assert code == 0, said
    return to


def check(data: Path, against: Path, folder: Path, engine: str, *options: str) -> tuple[int, Path]:
    to = folder / f"check-{engine}"
    where = ("--baseline", against, "--to", to, "--engine", engine)
    code, said = run("check", data, *where, "--drift", "rows", *options)
    assert code in {0, 3}, said
    (found,) = to.rglob("execution.json")
    return code, found.parent


def same(one: Path, other: Path, *names: str) -> None:
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.parametrize("make", SMALL, ids=lambda make: make.__name__)
def test_files_of_small_data_are_the_same_byte_for_byte(tmp_path: Path, make: Make) -> None:
    data = make(tmp_path)
    ours, theirs = (baseline(data, tmp_path, engine) for engine in ENGINES)

    same(ours, theirs, "statistics.json", "constraints.json")
    features = json.loads((ours / "statistics.json").read_bytes())["features"]
    assert features

    checks = [check(data, ours, tmp_path, engine, "--min-rows", "5") for engine in ENGINES]
    same(checks[0][1], checks[1][1], *FILES)
    assert checks[0][0] == checks[1][0]


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [("x.jsonl", "", 0), ("x.jsonl", "\n\n", 0), ("x.csv", "n,t\n", 2), ("x.csv", "", 0)],
)
def test_data_without_rows_is_no_failure_of_either(
    tmp_path: Path, name: str, text: str, columns: int
) -> None:
    rows = [(number % 40, "ab"[number % 2]) for number in range(300)]
    against = baseline(write_csv(tmp_path / "good.csv", ["n", "t"], rows), tmp_path, "duckdb")
    (tmp_path / name).write_text(text)

    found = [check(tmp_path / name, against, tmp_path, engine) for engine in ENGINES]

    same(found[0][1], found[1][1], *FILES)
    assert [code for code, _ in found] == [0, 0]
    assert rows_of(found[1][1]) == 0
    features = json.loads((found[1][1] / "statistics.json").read_bytes())["features"]
    assert len(features) == columns


def test_more_than_five_hundred_columns_give_the_same_baseline(tmp_path: Path) -> None:
    data = wide(tmp_path)

    ours, theirs = (baseline(data, tmp_path, engine) for engine in ENGINES)

    same(ours, theirs, "statistics.json", "constraints.json")
    assert len(json.loads((ours / "statistics.json").read_bytes())["features"]) == 520


def test_a_drifted_window_gives_the_same_violations(tmp_path: Path) -> None:
    rows = [(number % 40, f"{number / 7:.4f}", "ab"[number % 2]) for number in range(900)]
    good = write_csv(tmp_path / "good.csv", ["n", "x", "t"], rows)
    drifted = [(row[0] / 8, None if row[0] % 3 else row[1], "c", 1) for row in rows]
    bad = write_csv(tmp_path / "bad.csv", ["n", "x", "t", "new"], drifted)
    against = baseline(good, tmp_path, "spark")

    (code, ours), (other, theirs) = (check(bad, against, tmp_path, engine) for engine in ENGINES)

    same(ours, theirs, *FILES)
    assert (code, other) == (3, 3)
    violations = json.loads((theirs / "constraint_violations.json").read_bytes())["violations"]
    assert {one["constraint_check_type"] for one in violations} == {
        "baseline_drift_check",
        "categorical_values_check",
        "completeness_check",
        "data_type_check",
        "extra_column_check",
    }


@pytest.mark.parametrize(
    ("make", "window"),
    [
        (hours, ("--endpoint", "churn", "--since", "2026-03-01T10", "--until", "2026-03-01T12")),
        (typed, ("--since", "2026-03-01T11:00:00Z", "--until", "2026-03-01T14:00:00Z")),
    ],
    ids=["folders of hours", "a column with times"],
)
def test_a_window_holds_the_same_rows(tmp_path: Path, make: Make, window: tuple[str, ...]) -> None:
    data = make(tmp_path)

    ours, theirs = (baseline(data, tmp_path, engine, *window) for engine in ENGINES)

    same(ours, theirs, "statistics.json", "constraints.json")
    whole = baseline(data, tmp_path / "whole", "duckdb")
    assert rows_of(ours) < rows_of(whole)


def rows_of(folder: Path) -> int:
    return int(json.loads((folder / "statistics.json").read_bytes())["dataset"]["item_count"])


def almost(ours: Any, theirs: Any, path: str = "$", *, estimates: bool) -> None:
    """Equal but for the last digits of sums and, where there are any, estimates."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), path
        for key in ours:
            almost(ours[key], theirs[key], f"{path}.{key}", estimates=estimates)
    elif path.endswith(("distinct_count", "distinct_values")):
        assert theirs == pytest.approx(ours, rel=0.15), path
    elif estimates and path.endswith("kll.sketch.data"):
        assert [len(level) for level in ours] == [len(level) for level in theirs], path
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), path
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            almost(one, other, f"{path}[{index}]", estimates=estimates)
    elif path.endswith((".mean", ".sum", ".std_dev")):
        assert theirs == pytest.approx(ours, rel=ALMOST), path
    elif estimates and "kll.buckets" in path and path.endswith(".count"):
        assert theirs == pytest.approx(ours, abs=600), path
    else:
        assert (ours, type(ours)) == (theirs, type(theirs)), path


def test_large_data_differs_in_estimates_and_last_digits_alone(tmp_path: Path) -> None:
    data, window = large(tmp_path), large_typed(tmp_path)
    baselines = [baseline(data, tmp_path, engine) for engine in ENGINES]
    ours, theirs = (json.loads((one / "statistics.json").read_bytes()) for one in baselines)

    almost(ours, theirs, estimates=True)
    same(baselines[0], baselines[1], "constraints.json")
    assert ours["dataset"]["item_count"] == 120_000

    for against, what in ((baselines[0], window), (baselines[1], data)):
        to = tmp_path / f"{what.stem} against {against.name}"
        found = [check(what, against, to, engine) for engine in ENGINES]
        same(found[0][1], found[1][1], "constraints.json", "constraint_violations.json")
        same(found[0][1], found[1][1], "drift.json")
        assert found[0][0] == found[1][0] == (3 if what is window else 0)
        ours, theirs = (json.loads((one / "statistics.json").read_bytes()) for _, one in found)
        almost(ours, theirs, estimates=False)


def test_a_table_of_the_catalog_is_data(tmp_path: Path, spark: Any) -> None:
    data = write_csv(tmp_path / "x.csv", ["n", "t"], [(n % 9, "ab"[n % 2]) for n in range(300)])
    with_types = spark.read.csv(str(data), header=True, inferSchema=True)
    with_types.createOrReplaceGlobalTempView("rows")

    ours = baseline(Path("table:global_temp.rows"), tmp_path, "spark")

    features = json.loads((ours / "statistics.json").read_bytes())["features"]
    assert [one["inferred_type"] for one in features] == ["Integral", "String"]
    assert rows_of(ours) == 300


SECRET = "s3cr3t"  # noqa: S105 - a value that must not be told


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.csv", f"a,b\n1,2\n{SECRET}\n", "x.csv"),
        ("x.csv", f"a,b\n1,2\n1,2,{SECRET}\n", "x.csv"),
        ("x.jsonl", '{"a": 1}\n' * 20_001 + f'{{"a": {SECRET}}}\n', "x.jsonl"),
        ("x.jsonl", '{"a": 1}\n' * 20_001 + f'"{SECRET}"\n', "x.jsonl"),
        ("x.parquet", SECRET * 9, "cannot be read"),
        ("_x.csv", f"a,b\n1,{SECRET}\n", "begin with _"),
        ("x.jsonl", f'{{"captureData": "{SECRET}", "eventMetadata": {{}}}}\n', "capture files"),
    ],
)
def test_what_cannot_be_read_is_told_without_its_values(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)

    code, said = run("baseline", tmp_path / name, "--to", tmp_path, "--engine", "spark")

    assert code in {1, 2}
    assert told in said.replace("\n", "")
    assert SECRET not in said
