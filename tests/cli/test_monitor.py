"""`capture-forwarder monitor`, as a person or a script runs it."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.captures import line, side
from tests.support.monitoring import chance, write_csv, write_lines
from tests.support.vendor import run_vendor

NAMES = ["age", "score"]
READ_BY_SDK = """
import json, sys
from pathlib import Path
from sagemaker.model_monitor import Constraints, ConstraintViolations, Statistics
folder, feature, written = sys.argv[1:]
read = lambda name: json.load(open(f"{folder}/{name}.json"))
constraints = Constraints(read("constraints"), "s3://bucket/constraints.json")
statistics = Statistics(read("statistics"), "s3://bucket/statistics.json")
violations = ConstraintViolations(read("constraint_violations"), "s3://bucket/v.json")
assert {one["name"] for one in statistics.body_dict["features"]} == {
    one["name"] for one in constraints.body_dict["features"]
}
assert feature in {one["feature_name"] for one in violations.body_dict["violations"]}
constraints.set_monitoring(False, feature_name=feature)
Path(written).write_text(json.dumps(constraints.body_dict))
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["monitor", *map(str, arguments)])


def rows(number: int, shift: float = 0.0) -> list[tuple[object, ...]]:
    made = chance(number)
    return [(made.randrange(18, 90), f"{made.random() + shift:.4f}") for _ in range(number)]


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    data = write_csv(tmp_path / "training.csv", NAMES, rows(400))
    done = run("baseline", data, "--to", tmp_path / "baseline")
    assert done.exit_code == 0, done.output
    assert "400 rows became the baseline" in done.output
    return tmp_path / "baseline"


def test_good_data_ends_with_0_and_drifted_data_with_3(tmp_path: Path, baseline: Path) -> None:
    good = write_csv(tmp_path / "good.csv", NAMES, rows(300))
    bad = write_csv(tmp_path / "bad.csv", NAMES, rows(300, shift=0.5))
    where = ("--baseline", baseline, "--to", tmp_path / "out")

    done = run("check", good, *where)
    assert (done.exit_code, "no violations" in done.output) == (0, True)
    done = run("check", bad, *where, "--schedule", "second", "--json")

    assert done.exit_code == 3
    document = json.loads(done.stdout)
    assert document["status"] == "CompletedWithViolations"
    (violation,) = document["constraint_violations"]
    assert violation["constraint_check_type"] == "baseline_drift_check"
    listed = json.loads(run("list", tmp_path / "out", "--json").stdout)["executions"]
    assert {one["schedule"] for one in listed} == {"check", "second"}
    shown = json.loads(run("show", document["folder"], "--json").stdout)
    assert shown["constraint_violations"] == [violation]
    assert "second" in run("list", tmp_path / "out").output
    assert "1 violations" in run("show", tmp_path / "out").output.replace("\n", " ")


def test_options_change_the_constraints_of_one_check(tmp_path: Path, baseline: Path) -> None:
    bad = write_csv(tmp_path / "bad.csv", NAMES, rows(300, shift=0.5))
    where = ("check", bad, "--baseline", baseline, "--to", tmp_path / "out")

    assert run(*where, "--threshold", "0.9").exit_code == 0
    assert run(*where, "--min-rows", "301").exit_code == 0
    assert run(*where, "--exclude", "score").exit_code == 0
    assert run(*where, "--drift", "model-monitor", "--method", "Simple").exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "gone.csv", "--baseline", "baseline"], "no such file or folder"),
        (["check", "training.csv", "--baseline", "gone"], "holds no baseline"),
        (["check", "training.csv", "--baseline", "baseline", "--since", "now"], "is no time"),
        (["check", "training.csv", "--baseline", "baseline", "--hours", "1"], "--time-column"),
        (["baseline", "training.csv", "--to", "baseline"], "--replace"),
        (["show", "baseline"], "There are no executions"),
        (["list", "gone"], "there is no such folder"),
    ],
)
@pytest.mark.usefixtures("baseline")
def test_wrong_usage_ends_with_2_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)

    done = run(*arguments)

    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def test_broken_data_ends_with_1_and_a_failed_execution(tmp_path: Path, baseline: Path) -> None:
    (tmp_path / "x.parquet").write_text("x" * 99)

    done = run("check", tmp_path / "x.parquet", "--baseline", baseline, "--to", tmp_path / "out")

    assert done.exit_code == 1
    (one,) = json.loads(run("list", tmp_path / "out", "--json").stdout)["executions"]
    assert one["status"] == "Failed"


def captures(folder: Path) -> Path:
    """Calls of two hours; in the second, an age is no number."""
    for hour, ages in (("10", [30, 40]), ("11", [50, "old"])):
        file = folder / "churn/AllTraffic/2026/03/01" / hour / "00-00-000-x.jsonl"
        file.parent.mkdir(parents=True)
        calls = [line(side(str(age)), side("0.25")) for age in ages]
        file.write_bytes(b"\n".join([*calls, b"no call"]) + b"\n")
    return folder


def test_capture_files_are_read_through_the_parser(tmp_path: Path, baseline: Path) -> None:
    data = captures(tmp_path / "captures")
    check = ("check", data, "--baseline", baseline, "--to", tmp_path / "out", "--json")
    mapping = ("--inputs", "age", "--outputs", "score")

    done = run(*check, *mapping, "--since", "2026-03-01T11:00:00Z")

    document = json.loads(done.stdout)
    assert document["rows"] == 2
    (violation,) = document["constraint_violations"]
    assert violation["feature_name"] == "age"
    assert "Only 50.0% of data is Integral" in violation["description"]
    assert "Rejected by the parser, and left out: 1 captured line (" in " ".join(document["notes"])
    early = run(*check, *mapping, "--until", "2026-03-01T11:00:00Z", "--endpoint", "churn")
    assert (early.exit_code, json.loads(early.stdout)["rows"]) == (0, 2)
    without = run(*check)
    assert without.exit_code == 2
    assert "--inputs and --outputs" in without.output


def test_a_window_in_s3_is_fetched_and_checked(
    tmp_path: Path, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [dict(zip(NAMES, (30, 0.5), strict=True))]
    data = write_lines(tmp_path / "x.jsonl", names).read_bytes()
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="rows")
        for hour in (9, 10):
            key = f"r/churn/AllTraffic/2026/03/01/{hour:02}/part.jsonl"
            s3.put_object(Bucket="rows", Key=key, Body=data)

        check = ("check", "s3://rows/r", "--baseline", baseline, "--json")
        done = run(*check, "--since", "2026-03-01T10:00:00Z")
        nothing = run(*check, "--since", "2027-01-01")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rows"] == 1
    assert (nothing.exit_code, json.loads(nothing.stdout)["rows"]) == (0, 0)


def test_the_sdk_reads_our_files_and_we_read_what_it_writes(tmp_path: Path) -> None:
    names = [*NAMES, "colour"]
    good = [(*row, "red" if n % 2 else "blue") for n, row in enumerate(rows(400))]
    new = [(*row, "green") for row in rows(300)]
    folder, out = tmp_path / "baseline", tmp_path / "out"
    run("baseline", write_csv(tmp_path / "training.csv", names, good), "--to", folder)
    check = ("check", write_csv(tmp_path / "w.csv", names, new), "--baseline", folder, "--to", out)
    checked = run(*check, "--json")
    assert checked.exit_code == 3, checked.output
    kept = json.loads(checked.stdout)["folder"]

    # The SDK can stop the monitoring of a text column.
    run_vendor("sagemaker.model_monitor", READ_BY_SDK, kept, "colour", f"{folder}/constraints.json")

    done = run(*check)
    assert done.exit_code == 0, done.output
