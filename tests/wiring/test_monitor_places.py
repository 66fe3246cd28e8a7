"""Baselines and executions in S3, written and read by the commands themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.aws.parts import S3PartFiles
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
        nothing.delattr(S3PartFiles, "put")  # it may be edited once more at the same time
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
    put = S3PartFiles.put

    def remembered(self: S3PartFiles, name: str, content: bytes) -> None:
        stored.append(name.rpartition("/")[2])
        put(self, name, content)

    monkeypatch.setattr(S3PartFiles, "put", remembered)
    assert run("baseline", data, "--to", "s3://monitor/base")[0] == 0
    where = ("--baseline", "s3://monitor/base", "--to", "s3://monitor/reports")

    assert run("check", data, *where)[0] == 0

    assert len(stored) == len(FILES) + len(CHECKED)
    assert stored[-1] == "execution.json"


def test_what_s3_does_not_take_is_an_error(data: Path) -> None:
    code, said = run("baseline", data, "--to", "s3://nowhere/base")

    assert code == 1
    assert "nowhere" in said
