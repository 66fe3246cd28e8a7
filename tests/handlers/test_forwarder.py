"""The Lambda handler: real S3 client against moto, real Fiddler client against the loopback."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.core.errors import CaptureFilesFailedError, ForwarderError, SettingsError
from capture_forwarder.handlers import forwarder as handler
from tests.support.platforms.fiddler import CHURN_MODEL, TOKEN, FiddlerServer

EVENTS = Path(__file__).parents[2] / "events"
CAPTURES = EVENTS / "captures"
SHAPES = sorted(path.stem for path in EVENTS.glob("*.json") if path.stem != "env")
BATCH = ("s3-batch-1.0", "s3-batch-2.0")
DIRECT = ("s3", "s3-many-records", "s3-test-event", "sns", "eventbridge")
INFERENCES = {"20-30-123": 183, "24-02-456": 29, "31-47-789": 31, "45-05-012": 13}


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FiddlerServer]:
    """An account with the sample captures, a Fiddler with their model, and the sample settings."""
    with mock_aws(), FiddlerServer(CHURN_MODEL) as running:
        s3 = boto3.client("s3")
        for bucket in ("capture-bucket", "quarantine-bucket"):
            s3.create_bucket(Bucket=bucket)
        for file in CAPTURES.rglob("*.jsonl"):
            key = file.relative_to(CAPTURES).as_posix()
            s3.put_object(Bucket="capture-bucket", Key=key, Body=file.read_bytes())
        settings = json.loads((EVENTS / "env.json").read_text(encoding="utf-8"))
        for name, value in settings["ForwarderFunction"].items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("FORWARDER_METADATA_COLUMNS", "endpoint=endpoint,variant=variant")
        monkeypatch.setenv("FIDDLER_URL", running.url)
        monkeypatch.setenv("FIDDLER_TOKEN", TOKEN)
        monkeypatch.setenv("FORWARDER_RETRY_SECONDS", "0")
        monkeypatch.setenv("FORWARDER_QUARANTINE", "s3://quarantine-bucket/rejected")
        handler.forwarder.cache_clear()
        yield running
    handler.forwarder.cache_clear()


def invoke(name: str) -> dict[str, Any]:
    for log in logging.getLogger("capture-forwarder").handlers:
        if isinstance(log, logging.StreamHandler):
            log.stream = sys.stdout  # the logger outlives a test, what captures its output not
    return handler.lambda_handler(event(name), None)


def quarantined() -> list[dict[str, Any]]:
    s3 = boto3.client("s3")
    listing = s3.list_objects_v2(Bucket="quarantine-bucket").get("Contents", [])
    bodies = [s3.get_object(Bucket="quarantine-bucket", Key=o["Key"])["Body"] for o in listing]
    return [json.loads(text) for body in bodies for text in body.read().splitlines()]


def metrics(output: str) -> dict[str, float]:
    """Add up the metrics that were written in CloudWatch's embedded format."""
    totals: dict[str, float] = {}
    for text in output.splitlines():
        document = json.loads(text)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for metric in directive["Metrics"]:
                (value,) = document[metric["Name"]]
                totals[metric["Name"]] = totals.get(metric["Name"], 0) + value
    return totals


@pytest.mark.parametrize("shape", SHAPES)
def test_every_event_shape_is_delivered_in_full(
    shape: str, server: FiddlerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = invoke(shape)

    text = json.dumps(event(shape))
    expected = sum(n for name, n in INFERENCES.items() if name in text)
    sent = metrics(capsys.readouterr().out)
    assert sent.get("InferencesPublished", 0) == len(server.events)
    assert sent.get("Inferences", 0) == len(server.events)
    assert sent.get("LinesRead", 0) == sum(
        sent.get(name, 0) for name in ("LinesForwarded", "LinesQuarantined", "LinesEmpty")
    )
    assert len(quarantined()) == sent.get("LinesQuarantined", 0)
    assert len(server.events) == expected
    if shape in BATCH:
        assert {result["resultCode"] for result in answer["results"]} == {"Succeeded"}
        assert answer["invocationSchemaVersion"] == shape.removeprefix("s3-batch-")
    elif shape not in DIRECT:
        assert answer == {"batchItemFailures": []}


def test_rows_arrive_typed_by_the_models_schema(server: FiddlerServer) -> None:
    invoke("s3")

    row = server.events[0]
    assert row["senior"] in {True, False}
    assert isinstance(row["monthly_charges"], float)
    assert isinstance(row["contract"], str)
    assert row["inference_time"].endswith("Z")
    assert row["endpoint"] == "churn-endpoint"
    assert len({row["event_id"] for row in server.events}) == len(server.events)


def test_what_is_refused_is_kept_with_its_reason_and_the_rest_goes_on(
    server: FiddlerServer,
) -> None:
    answer = invoke("sqs-eventbridge")

    assert answer == {"batchItemFailures": []}
    assert len(server.events) == 256
    reasons = sorted(entry["reason"] for entry in quarantined())
    assert reasons == [
        "column-count-mismatch",
        "error-response",
        "invalid-json",
        "missing-input",
        "missing-output",
        "not-a-capture-record",
        "record-count-mismatch",
        "undecodable-payload",
        "unsupported-content-type",
    ]


def test_a_second_delivery_keeps_rejected_lines_only_once(server: FiddlerServer) -> None:
    invoke("sqs-eventbridge")
    before = quarantined()
    invoke("sqs-eventbridge")

    assert len(quarantined()) == len(before)
    ids = [row["event_id"] for row in server.events]
    assert sorted(ids) == sorted([*dict.fromkeys(ids)] * 2)


def test_a_warm_function_asks_the_platform_for_nothing_but_to_publish(
    server: FiddlerServer,
) -> None:
    invoke("s3")
    cold = len(server.requests)
    invoke("s3")

    assert [request.path for request in server.requests[cold:]] == ["/v3/events"]


BROKEN = {
    "FIDDLER_TOKEN": ("not-the-token", "FIDDLER_TOKEN"),
    "FIDDLER_MODEL_UUID": ("00000000-0000-4000-8000-000000000000", "FIDDLER_MODEL_UUID"),
    "FIDDLER_URL": ("http://127.0.0.1:9", "FIDDLER_URL"),
    "FIDDLER_MODEL_OUTPUT_COLUMN": ("no_such_column", "no_such_column"),
}


@pytest.mark.parametrize("variable", BROKEN)
def test_a_wrong_setting_is_a_clear_error_and_never_a_success(
    variable: str,
    server: FiddlerServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    value, named = BROKEN[variable]
    monkeypatch.setenv(variable, value)
    with pytest.raises(CaptureFilesFailedError, match=named):
        invoke("s3")
    handler.forwarder.cache_clear()
    assert invoke("sqs-eventbridge")["batchItemFailures"]
    assert server.events == []
    log = capsys.readouterr().out
    assert named in log
    assert TOKEN not in log
    assert "not-the-token" not in log


def test_missing_settings_are_named_all_at_once(
    server: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIDDLER_URL", "FIDDLER_TOKEN", "FIDDLER_MODEL_COLUMNS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("FORWARDER_CSV_HEADER", "maybe")
    with pytest.raises(SettingsError) as caught:
        invoke("s3")
    assert "FORWARDER_CSV_HEADER" in str(caught.value)
    assert server.requests == []


def test_an_object_that_is_not_there_fails_its_message_alone(server: FiddlerServer) -> None:
    message = event("sqs-eventbridge")["Records"][1]
    key = json.loads(message["body"])["detail"]["object"]["key"]
    boto3.client("s3").delete_object(Bucket="capture-bucket", Key=key)

    answer = invoke("sqs-eventbridge")

    assert answer == {"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}
    assert server.events


def test_no_row_and_no_token_reaches_the_log(
    server: FiddlerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke("sqs-eventbridge")
    log = capsys.readouterr().out

    assert "object forwarded" in log
    assert TOKEN not in log
    assert "Credit card, automatic" in {row["payment_method"] for row in server.events}
    assert "Credit card" not in log


def test_nothing_is_read_from_the_environment_before_the_first_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler.forwarder.cache_clear()
    monkeypatch.delenv("FIDDLER_URL", raising=False)
    with pytest.raises(ForwarderError):
        handler.lambda_handler({}, None)
