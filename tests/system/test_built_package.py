"""The built package forwards the sample events under the Lambda runtime emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.support.emulator import Emulator, FunctionFailedError
from tests.support.package import REPOSITORY
from tests.support.platforms.faults import Status
from tests.support.platforms.fiddler import CHURN_MODEL, FiddlerServer
from tests.support.transforms import DATA, STARTED, Job, inference_id

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENTS = REPOSITORY / "events"
CAPTURES = EVENTS / "captures"
BUCKET = "capture-bucket"
QUARANTINE = "quarantine-bucket"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
REGION = "us-east-1"

# Inferences of the sample files, as events/README.md tells them.
CSV, PIPELINE, UNTYPED, BAD_LINES = 183, 29, 31, 13
BAD_LINES_REASONS = {
    "column-count-mismatch",
    "error-response",
    "invalid-json",
    "missing-input",
    "missing-output",
    "not-a-capture-record",
    "record-count-mismatch",
    "undecodable-payload",
    "unsupported-content-type",
}


def sample(name: str) -> Any:
    return json.loads((EVENTS / name).read_text())


@pytest.fixture
def s3(aws: str) -> S3Client:
    """A client of an S3 that holds the sample captures and an empty quarantine."""
    client: S3Client = aws_client("s3", aws)
    for bucket in (BUCKET, QUARANTINE):
        client.create_bucket(Bucket=bucket)
    for path in CAPTURES.rglob("*.jsonl"):
        key = path.relative_to(CAPTURES).as_posix()
        client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
    return client


@pytest.fixture
def fiddler() -> Iterator[FiddlerServer]:
    with FiddlerServer(CHURN_MODEL) as server:
        yield server


@pytest.fixture
def variables(aws: str, fiddler: FiddlerServer) -> dict[str, str]:
    """The function's environment, with the token in Secrets Manager as the template has it."""
    secret = aws_client("secretsmanager", aws).create_secret(
        Name="fiddler-token", SecretString=fiddler.token
    )
    settings = {**sample("env.json")["ForwarderFunction"]}
    settings["FORWARDER_METADATA_COLUMNS"] = "endpoint=endpoint,variant=variant"
    del settings["FIDDLER_TOKEN"]
    return {
        **settings,
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": aws,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "FIDDLER_URL": fiddler.url,
        "FIDDLER_TOKEN_SECRET_ARN": secret["ARN"],
        "FORWARDER_QUARANTINE": f"s3://{QUARANTINE}/quarantine",
        "TQDM_DISABLE": "1",
    }


@pytest.fixture
def function(
    package: Path,
    runtime: Path,
    tmp_path: Path,
    variables: dict[str, str],
    s3: S3Client,  # noqa: ARG001
) -> Iterator[Emulator]:
    with Emulator(
        package=package, runtime=runtime, folder=tmp_path, variables=variables
    ) as emulator:
        yield emulator


def aws_client(service: Any, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def summaries(log: str) -> list[dict[str, Any]]:
    """The log's summary lines, one an object."""
    lines = (json.loads(line) for line in log.splitlines() if line.startswith("{"))
    return [line for line in lines if line.get("message") == "object forwarded"]


@pytest.mark.parametrize(
    ("name", "inferences"),
    [
        ("eventbridge.json", PIPELINE),
        ("s3.json", CSV),
        ("s3-batch-1.0.json", PIPELINE),
        ("s3-batch-2.0.json", PIPELINE),
        ("s3-many-records.json", CSV + PIPELINE + UNTYPED),
        ("s3-test-event.json", 0),
        ("sns.json", PIPELINE),
        ("sqs-eventbridge.json", CSV + PIPELINE + UNTYPED + BAD_LINES),
        ("sqs-s3.json", CSV + PIPELINE + UNTYPED),
        ("sqs-sns-raw.json", CSV + PIPELINE),
        ("sqs-sns-s3.json", CSV + PIPELINE),
    ],
)
def test_every_inference_that_a_sample_event_announces_arrives_once(
    function: Emulator, fiddler: FiddlerServer, name: str, inferences: int
) -> None:
    event = sample(name)

    answer = function.invoke(event)

    if name.startswith("sqs"):
        assert answer == {"batchItemFailures": []}
    if name.startswith("s3-batch"):
        assert [result["resultCode"] for result in answer["results"]] == ["Succeeded"]
    ids = [row["event_id"] for row in fiddler.events]
    assert len(ids) == inferences
    assert len(set(ids)) == inferences


def test_a_batch_transform_job_is_listed_and_followed(
    function: Emulator, fiddler: FiddlerServer, s3: S3Client
) -> None:
    records = ["12,95.95,1207.98,One year,Mailed check,0,0,21.6", "2,32.95,64.89,One year,,0,0,1"]
    answers = [f"0.{n},{inference_id(n)},{STARTED}" for n in (25, 75)]
    job = Job({"a.csv": records}, {"a.csv": answers}, input_uuid="another")
    s3.create_bucket(Bucket=DATA)
    for bucket, files in ((BUCKET, job.manifests), (DATA, job.data)):
        for key, content in files.items():
            s3.put_object(Bucket=bucket, Key=key, Body=content)
    event = sample("eventbridge.json")
    event["detail"]["bucket"]["name"] = BUCKET
    event["detail"]["object"] = {"key": job.key}

    function.invoke(event)

    assert [(row["event_id"], row["score"]) for row in fiddler.events] == [
        (inference_id(25), 0.25),
        (inference_id(75), 0.75),
    ]
    assert {row["inference_time"] for row in fiddler.events} == {STARTED}


@pytest.mark.parametrize(
    ("name", "first_row"),
    [
        (
            "s3.json",
            {
                "tenure_months": 2,
                "monthly_charges": 32.95,
                "total_charges": 64.89,
                "contract": "Two year",
                "payment_method": "Electronic check",
                "senior": False,
                "support_calls": 0,
                "data_usage_gb": 30.1,
                "score": 0.06614184349640463,
                "inference_time": "2026-03-01T10:20:30Z",
                "event_id": "10b01ddb-ce36-4f9c-af54-2e3efa047c0c",
                "endpoint": "churn-endpoint",
                "variant": "AllTraffic",
            },
        ),
        (
            "eventbridge.json",
            {
                "tenure_months": 16,
                "monthly_charges": 93.9,
                "total_charges": 1468.19,
                "contract": "Two year",
                "payment_method": "Credit card, automatic",
                "senior": False,
                "support_calls": 0,
                "data_usage_gb": 12.6,
                "score": 0.05258080765559418,
                "inference_time": "2026-03-01T10:24:02Z",
                "event_id": "6690b7f7-4976-469b-9b57-62902895f7bd_0",
                "endpoint": "churn-pipeline",
                "variant": "AllTraffic",
            },
        ),
    ],
)
def test_a_row_arrives_with_the_types_of_the_models_schema(
    function: Emulator, fiddler: FiddlerServer, name: str, first_row: dict[str, Any]
) -> None:
    function.invoke(sample(name))

    arrived = fiddler.events[0]
    assert arrived == first_row
    assert {column: type(value) for column, value in arrived.items()} == {
        column: type(value) for column, value in first_row.items()
    }


def test_lines_that_cannot_be_forwarded_lie_in_quarantine_by_reason(
    function: Emulator, s3: S3Client
) -> None:
    function.invoke(sample("sqs-eventbridge.json"))

    listed = s3.list_objects_v2(Bucket=QUARANTINE)["Contents"]
    assert {Path(entry["Key"]).parts[:2] for entry in listed} == {
        ("quarantine", reason) for reason in BAD_LINES_REASONS
    }


def test_the_summary_accounts_for_every_line_and_inference(function: Emulator) -> None:
    function.invoke(sample("sqs-eventbridge.json"))

    reports = summaries(function.log)
    assert [report["inferences"] for report in reports] == [CSV, PIPELINE, UNTYPED, BAD_LINES]
    assert [report["lines"] for report in reports] == [40, 12, 15, 16]
    assert [report["forwarded"] for report in reports] == [40, 12, 15, 6]
    assert [report["empty"] for report in reports] == [0, 0, 0, 1]


def test_neither_the_token_nor_a_row_is_in_the_log(
    function: Emulator, fiddler: FiddlerServer
) -> None:
    function.invoke(sample("sqs-eventbridge.json"))

    assert fiddler.token not in function.log
    assert "Electronic check" not in function.log


def test_only_the_message_whose_object_is_missing_comes_back(
    function: Emulator, s3: S3Client, fiddler: FiddlerServer
) -> None:
    event = sample("sqs-eventbridge.json")
    missing = event["Records"][1]
    key = json.loads(missing["body"])["detail"]["object"]["key"]
    s3.delete_object(Bucket=BUCKET, Key=key)

    answer = function.invoke(event)

    assert answer == {"batchItemFailures": [{"itemIdentifier": missing["messageId"]}]}
    assert len(fiddler.events) == CSV + UNTYPED + BAD_LINES


def test_a_platform_that_says_no_is_not_asked_for_the_rest_of_the_messages(
    function: Emulator, fiddler: FiddlerServer
) -> None:
    event = sample("sqs-eventbridge.json")
    fiddler.fail_next(Status(403))

    answer = function.invoke(event)

    failed = [{"itemIdentifier": record["messageId"]} for record in event["Records"]]
    assert answer == {"batchItemFailures": failed}
    assert len(fiddler.publish_requests) == 1
    assert fiddler.events == []


def test_an_event_that_nobody_knows_is_an_error(function: Emulator) -> None:
    with pytest.raises(FunctionFailedError, match="UnknownEventError"):
        function.invoke({"unknown": True})


def test_a_second_invocation_uses_what_the_first_has_set_up(
    function: Emulator, fiddler: FiddlerServer
) -> None:
    function.invoke(sample("s3.json"))
    asked_before = len(fiddler.requests) - len(fiddler.publish_requests)

    function.invoke(sample("eventbridge.json"))

    assert len(fiddler.requests) - len(fiddler.publish_requests) == asked_before
    assert len(fiddler.events) == CSV + PIPELINE


def test_wrong_settings_are_all_told_in_one_error(
    package: Path, runtime: Path, tmp_path: Path
) -> None:
    wrong = {"FIDDLER_URL": "x", "FIDDLER_MODEL_UUID": "x"}
    variables = {**CREDENTIALS, "AWS_REGION": REGION, **wrong}
    with (
        Emulator(
            package=package, runtime=runtime, folder=tmp_path, variables=variables
        ) as function,
        pytest.raises(FunctionFailedError) as failed,
    ):
        function.invoke(sample("s3.json"))
    assert failed.value.error_type == "SettingsError"
    assert all(name in str(failed.value) for name in wrong)
