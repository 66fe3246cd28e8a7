"""Baselines and executions in S3, written and read by the commands themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.aws.file_store import S3FileStore
from tests.support.engines import run
from tests.support.monitoring import write_csv

FILES = {"statistics.json", "constraints.json"}
CHECKED = {
    *FILES,
    *("constraint_violations.json", "drift.json", "execution.json"),
    *("baseline/statistics.json", "baseline/constraints.json"),
}


@pytest.fixture(autouse=True)
def bucket() -> Iterator[None]:
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="monitor")
        yield


def keys() -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket="monitor")
    return [one["Key"] for one in listed.get("Contents", [])]


def read(key: str) -> bytes:
    return boto3.client("s3").get_object(Bucket="monitor", Key=key)["Body"].read()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "x.csv", ["n", "t"], [(n % 9, "ab"[n % 2]) for n in range(300)])


def test_a_baseline_in_s3_is_made_and_checked_against(tmp_path: Path, data: Path) -> None:
    code, said = run("baseline", data, "--to", "s3://monitor/base/")
    assert code == 0, said
    assert "s3://monitor/base" in said.replace("\n", "")
    assert set(keys()) == {f"base/{name}" for name in FILES}
    boto3.client("s3").put_object(Bucket="monitor", Key="base/old/constraints.json", Body=b"?")

    where = ("--baseline", "s3://monitor/base", "--to", "s3://monitor/reports", "--json")
    code, said = run("check", data, *where, "--until", "2026-03-01T10", "--since", "2026-03-01")

    assert code == 2, said  # the rows have no time
    code, said = run("check", data, *where)
    assert code == 0, said
    document = json.loads(said)
    folder = document["folder"].removeprefix("s3://monitor/")
    assert document["baseline"]["source"] == "s3://monitor/base"
    assert {key for key in keys() if key.startswith(f"{folder}/")} == {
        f"{folder}/{name}" for name in CHECKED
    }
    assert json.loads(read(f"{folder}/execution.json"))["status"] == "Completed"
    assert read(f"{folder}/statistics.json") == read("base/statistics.json")
    assert not (tmp_path / "s3:").exists()


def test_a_baseline_in_s3_is_not_replaced_unasked(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("s3").put_object(Bucket="monitor", Key="base/constraints.json", Body=b"edited")

    with monkeypatch.context() as nothing:
        nothing.delattr(S3FileStore, "write")  # it may be edited once more at the same time
        code, said = run("baseline", data, "--to", "s3://monitor/base")

    assert code == 2
    assert "s3://monitor/base/constraints.json is there already" in said.replace("\n", " ")
    assert read("base/constraints.json") == b"edited"
    assert keys() == ["base/constraints.json"]
    assert run("baseline", data, "--to", "s3://monitor/base", "--replace")[0] == 0
    assert json.loads(read("base/constraints.json"))["features"]


def test_no_baseline_in_s3_is_told_by_its_address(data: Path) -> None:
    code, said = run("check", data, "--baseline", "s3://monitor/none", "--to", "s3://monitor/r")

    assert code == 2
    assert "s3://monitor/none holds no baseline" in said.replace("\n", " ")
    assert keys() == []


def test_a_failed_check_leaves_its_execution_in_s3(tmp_path: Path, data: Path) -> None:
    assert run("baseline", data, "--to", "s3://monitor/base")[0] == 0
    (tmp_path / "bad.csv").write_text("n,t\n1,2,3\n")

    code, _ = run(
        "check",
        tmp_path / "bad.csv",
        *("--baseline", "s3://monitor/base", "--to", "s3://monitor/reports"),
    )

    assert code == 1
    (execution,) = [key for key in keys() if key.startswith("reports/")]
    assert json.loads(read(execution))["status"] == "Failed"


def test_the_execution_is_stored_last(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[str] = []
    write = S3FileStore.write

    def remembered(self: S3FileStore, address: str, data: bytes) -> None:
        stored.append(address.rpartition("/")[2])
        write(self, address, data)

    monkeypatch.setattr(S3FileStore, "write", remembered)
    assert run("baseline", data, "--to", "s3://monitor/base")[0] == 0
    where = ("--baseline", "s3://monitor/base", "--to", "s3://monitor/reports")

    assert run("check", data, *where)[0] == 0

    assert len(stored) == len(FILES) + len(CHECKED)
    assert stored[-1] == "execution.json"


def test_what_s3_does_not_take_is_an_error(data: Path) -> None:
    code, said = run("baseline", data, "--to", "s3://nowhere/base")

    assert code == 1
    assert "nowhere" in said


def quality(*arguments: str | Path) -> tuple[int, str]:
    model = ("--problem-type", "BinaryClassification", "--prediction", "p", "--label", "truth")
    return run("quality", *arguments, *model)


def put(key: str, *rows: dict[str, object]) -> None:
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    boto3.client("s3").put_object(Bucket="monitor", Key=key, Body=body)


def test_predictions_labels_baseline_and_executions_of_quality_may_be_in_s3() -> None:
    for hour in (9, 10):
        rows = [
            {"inference_id": f"{hour}-{n}", "inference_time": f"2026-03-01T{hour:02}:00Z", "p": 1}
            for n in range(4)
        ]
        put(f"rows/churn/All/2026/03/01/{hour:02}/a.jsonl", *rows)
    truths = [{"inference_id": f"{h}-{n}", "truth": n % 2} for h in (9, 10) for n in range(4)]
    put("truth/2026/03/02/00/a.jsonl", *truths)

    data = ("s3://monitor/rows", "--labels", "s3://monitor/truth")
    code, said = quality(*data, "--to", "s3://monitor/base/quality")
    assert code == 0, said
    assert quality(*data, "--to", "s3://monitor/base/quality")[0] == 2  # it is there already
    window = ("--since", "2026-03-01T09", "--until", "2026-03-01T10", "--endpoint", "churn")
    where = ("--baseline", "s3://monitor/base/quality", "--to", "s3://monitor/reports")
    code, said = quality(*data, *window, *where, "--json")

    assert code == 0, said
    assert json.loads(said)["folder"] == "s3://monitor/reports/churn/quality/2026/03/01/10"
    kept = "reports/churn/quality/2026/03/01/10"
    assert json.loads(read(f"{kept}/execution.json"))["rows"] == 4
    coverage = json.loads(read(f"{kept}/statistics.json"))["dataset"]["coverage"]
    assert (coverage["predictions"], coverage["labels_without_prediction"]) == (4, 4)
    assert read(f"{kept}/baseline/constraints.json") == read("base/quality/constraints.json")
