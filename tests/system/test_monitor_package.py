"""The package of the monitor's function, and a check with it under Lambda's runtime emulator."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import boto3
import pytest

from capture_forwarder.monitor.baseline import make_baseline, write_baseline
from capture_forwarder.monitor.data.opening import DataChoice, open_data
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from lambda_package.aws_data import MONITOR_OPERATIONS
from tests.support.emulator import Emulator, FunctionFailedError
from tests.support.engines import run as command
from tests.support.package import run_isolated
from tests.support.scheduled import (
    BUCKET,
    PLACES,
    REPORT,
    event,
    labels,
    metrics,
    predictions,
    rows,
)

LARGEST_PACKAGE_BYTES = 120_000_000
LARGEST_ARCHIVE_BYTES = 50_000_000
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
REGION = "us-east-1"


def test_the_package_is_below_the_limits(monitor_package: Path, tmp_path: Path) -> None:
    size = sum(path.stat().st_size for path in monitor_package.rglob("*") if path.is_file())
    assert size <= LARGEST_PACKAGE_BYTES
    archive = Path(shutil.make_archive(str(tmp_path / "package"), "zip", monitor_package))
    assert archive.stat().st_size <= LARGEST_ARCHIVE_BYTES


@pytest.mark.parametrize(
    "left_out", ["boto3", "fiddler", "numpy", "pandas", "pyarrow", "pydantic", "typer", "yaml"]
)
def test_what_the_monitor_does_not_need_is_left_out(monitor_package: Path, left_out: str) -> None:
    assert not list(monitor_package.glob(f"{left_out}*"))


def test_what_the_handler_imports_is_in_the_package(monitor_package: Path, runtime: Path) -> None:
    printed = run_isolated(
        monitor_package,
        runtime,
        "import sys\n"
        "import capture_forwarder.handlers.monitor, duckdb, jinja2, aws_lambda_powertools\n"
        "print(*(sys.modules[name].__file__ for name in ('duckdb', 'jinja2', 'botocore')))\n"
        "print(*sys.modules)",
    )
    files, modules = printed.splitlines()
    assert all(Path(file).is_relative_to(monitor_package) for file in files.split())
    assert not {"boto3", "requests", "yaml"} & set(modules.split())


def test_every_distribution_has_the_version_that_is_tested(monitor_package: Path) -> None:
    found = {one.name: one.version for one in metadata.distributions(path=[str(monitor_package)])}
    assert {"duckdb", "Jinja2", "botocore", "msgspec"} <= found.keys()
    assert found == {name: metadata.version(name) for name in found}


def test_clients_can_do_what_the_monitor_calls_and_no_more(
    monitor_package: Path, runtime: Path
) -> None:
    printed = run_isolated(
        monitor_package,
        runtime,
        "import os\n"
        "os.environ['AWS_DEFAULT_REGION'] = 'us-east-1'\n"
        "from capture_forwarder.aws.clients import client_of\n"
        "for name in ('events', 's3', 'sns', 'sts'):\n"
        "    print(name, *client_of(name).meta.service_model.operation_names)",
    )
    assert {
        words[0]: tuple(words[1:]) for words in map(str.split, printed.splitlines())
    } == MONITOR_OPERATIONS


class MonitorEmulator(Emulator):
    """The monitor's function, emulated."""

    handler = "capture_forwarder.handlers.monitor.lambda_handler"


@pytest.fixture
def s3(aws: str, tmp_path: Path) -> Any:
    """A client of an S3 with a baseline and with rows that have drifted."""
    client: Any = client_of("s3", aws)
    client.create_bucket(Bucket=BUCKET)
    data = tmp_path / "training.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows(400)))
    with open_duckdb() as engine:
        made = make_baseline(engine, open_data(engine, DataChoice(data)), tmp_path / "baseline")
    write_baseline(made, replace=False)
    for file in (tmp_path / "baseline").iterdir():
        client.put_object(Bucket=BUCKET, Key=f"baselines/churn/{file.name}", Body=file.read_bytes())
    lines = "".join(json.dumps(row) + "\n" for row in rows(300, shift=0.5, seed=2))
    key = "out/churn/AllTraffic/2026/03/02/09/20-30-a.jsonl.gz"
    client.put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(lines.encode()))
    return client


@pytest.fixture
def function(
    monitor_package: Path,
    runtime: Path,
    tmp_path: Path,
    aws: str,
    s3: Any,  # noqa: ARG001 - what it finds
) -> Iterator[Emulator]:
    topic = client_of("sns", aws).create_topic(Name="alerts")["TopicArn"]
    variables = {
        **CREDENTIALS,
        **PLACES,
        "MONITOR_TOPIC_ARNS": topic,
        "AWS_ENDPOINT_URL": aws,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "POWERTOOLS_SERVICE_NAME": "stack",
    }
    with MonitorEmulator(
        package=monitor_package,
        runtime=runtime,
        folder=tmp_path,
        variables=variables,
        timeout_seconds=120,
    ) as emulator:
        yield emulator


def client_of(service: Any, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def test_the_built_package_checks_a_window_from_event_to_report(
    function: Emulator, s3: Any
) -> None:
    answer = function.invoke(event())

    assert (answer["violations"], answer["features"], answer["rows"]) == (1, ["score"], 300)
    page = s3.get_object(Bucket=BUCKET, Key=f"{REPORT}/report.html")["Body"].read()
    assert b"1 violation" in page
    measured = metrics(function.log)["aws/sagemaker/Endpoints/data-metrics"]
    assert measured.keys() == {"feature_baseline_drift_score", "feature_non_null_score"}


def test_the_built_package_judges_a_model_from_event_to_report(
    function: Emulator, s3: Any, tmp_path: Path
) -> None:
    judged = predictions(300)
    known = [{**row, **true} for row, true in zip(judged, labels(judged), strict=True)]
    lines = "".join(json.dumps(row) + "\n" for row in known).encode()
    data = tmp_path / "known.jsonl"
    data.write_bytes(lines)
    model = ("--problem-type", "BinaryClassification", "--probability", "score")
    code, said = command("quality", data, *model, "--label", "churned", "--to", tmp_path / "made")
    assert code == 0, said
    for file in (tmp_path / "made").iterdir():
        key = f"baselines/churn/quality/{file.name}"
        s3.put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())
    key = "out/judged/churn/AllTraffic/2026/03/02/09/a.jsonl.gz"
    s3.put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(lines))
    asked = {"problem_type": "BinaryClassification", "probability": "score", "label": "churned"}

    answer = function.invoke(event(**asked, rows=f"s3://{BUCKET}/out/judged"))

    assert (answer["rows"], answer["violations"]) == (300, 0)
    assert metrics(function.log)["aws/sagemaker/Endpoints/model-metrics"]["auc"] > 0.8
    page = s3.get_object(Bucket=BUCKET, Key=f"{REPORT}/report.html")["Body"].read()
    assert b"Confusion matrix" in page


def test_a_failed_check_is_a_failed_invocation(function: Emulator, s3: Any) -> None:
    s3.delete_object(Bucket=BUCKET, Key="baselines/churn/constraints.json")

    with pytest.raises(FunctionFailedError, match="monitor baseline") as raised:
        function.invoke(event())

    assert raised.value.error_type == "UsageError"
