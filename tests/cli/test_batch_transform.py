"""The command on captures of batch transform jobs, in S3 and copied to a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import duckdb
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.transforms import DATA, STARTED, Job, inference_id

CAPTURES = "captures"
JOB = Job(
    {"a.csv": ["39,5", "41,7"]},
    {"a.csv": [f"0.{n},{inference_id(n)},{STARTED}" for n in (25, 75)]},
)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An account with a job, without settings."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("FORWARDER_", "FIDDLER_")):
            monkeypatch.delenv(name)
    with mock_aws():
        s3 = boto3.client("s3")
        for bucket, files in ((CAPTURES, JOB.manifests), (DATA, JOB.data)):
            s3.create_bucket(Bucket=bucket)
            for key, content in files.items():
                s3.put_object(Bucket=bucket, Key=key, Body=content)
        yield


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert "Traceback" not in result.output
    return result


def test_a_job_is_forwarded_by_the_address_of_its_captures() -> None:
    address = f"s3://{CAPTURES}/captures/churn/"

    done = run("forward", address, "--database", "rows.duckdb", "--inputs", "a,b", "--outputs", "p")

    assert done.exit_code == 0, done.output
    with duckdb.connect("rows.duckdb") as connection:
        rows = connection.execute("SELECT inference_id, a, b, p FROM captures ORDER BY a")
        assert rows.fetchall() == [
            (inference_id(25), 39, 5, 0.25),
            (inference_id(75), 41, 7, 0.75),
        ]


def test_a_job_is_inspected_as_the_calls_that_it_becomes() -> None:
    done = run("inspect", f"s3://{CAPTURES}/captures/churn/", "--json")

    assert done.exit_code == 0, done.output
    of_input, of_output = json.loads(done.stdout)["endpoints"]
    assert [file["lines"] for side in (of_input, of_output) for file in side["files"]] == [0, 2]
    assert of_output["settings"] == {
        "FIDDLER_MODEL_COLUMNS": "f0,f1",
        "FIDDLER_MODEL_OUTPUT_COLUMN": "score",
    }


def test_a_manifest_in_a_folder_says_where_it_can_be_forwarded_from(tmp_path: Path) -> None:
    (tmp_path / "copy.json").write_bytes(JOB.manifests[JOB.key])

    run("forward", "copy.json", "--database", "rows.duckdb", "--inputs", "a,b", "--outputs", "p")

    (kept,) = Path("capture-forwarder-quarantine").rglob("*.jsonl")
    assert "forward it from S3" in json.loads(kept.read_text())["detail"]
