"""The function's check of itself: real clients against moto and the loopback platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.handlers import forwarder as handler
from tests.support.aws_answers import AwsAnswers
from tests.support.platforms.fiddler import CHURN_MODEL, TOKEN, FiddlerServer

EVENTS = Path(__file__).parents[2] / "events"
SECRET = "fiddler-token"  # noqa: S105 - its name
FILE = {"bucket": "captures", "key": "a/b.jsonl"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FiddlerServer]:
    """A Fiddler, and the function's variables for it with a ledger, a quarantine and a queue."""
    with mock_aws(), FiddlerServer(CHURN_MODEL) as running:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="captures")
        s3.put_object(Bucket="captures", Key="a/b.jsonl", Body=b"a line that nobody reads")
        dynamodb: Any = boto3.client("dynamodb")
        dynamodb.create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        secrets: Any = boto3.client("secretsmanager")
        arn = secrets.create_secret(Name=SECRET, SecretString=TOKEN)["ARN"]
        sqs: Any = boto3.client("sqs")
        settings = json.loads((EVENTS / "env.json").read_text(encoding="utf-8"))
        variables = settings["ForwarderFunction"] | {
            "FIDDLER_URL": running.url,
            "FIDDLER_TOKEN": "",
            "FIDDLER_TOKEN_SECRET_ARN": arn,
            "FORWARDER_QUARANTINE": "s3://quarantine/rejected",
            "FORWARDER_LEDGER": "dynamodb://ledger",
            "FORWARDER_QUEUE_URL": sqs.create_queue(QueueName="captures")["QueueUrl"],
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        aws = AwsAnswers(monkeypatch)
        aws.refuse("PutObject", "BadDigest")
        yield running


def check(**more: Any) -> dict[str, dict[str, Any]]:
    """What the function says of each part."""
    answer: Any = handler.lambda_handler({"captureForwarder": {"check": True, **more}}, None)
    json.dumps(answer)  # Lambda has to write it
    return {part["part"]: part for part in answer["checks"]}


def test_every_part_is_tried_and_nothing_is_published(server: FiddlerServer) -> None:
    parts = check(file=FILE)

    assert {name: part["ok"] for name, part in parts.items()} == {
        "token of route captures": True,
        "platform and columns of route captures": True,
        "ledger": True,
        "quarantine": True,
        "queue": True,
        "s3://captures/a/b.jsonl": True,
    }
    assert [one for one in server.requests if server.publishes(one.method, one.path)] == []


def test_what_fails_says_why_and_the_others_are_tried(
    server: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = AwsAnswers(monkeypatch)
    for operation in ("UpdateItem", "PutObject", "GetQueueAttributes", "GetObject"):
        aws.refuse(operation, "AccessDeniedException")
    monkeypatch.setenv("FIDDLER_MODEL_COLUMNS", "nothing_like_it")

    parts = check(file=FILE)

    assert [name for name, part in parts.items() if part["ok"]] == ["token of route captures"]
    assert "nothing_like_it" in parts["platform and columns of route captures"]["problem"]
    assert "dynamodb:UpdateItem" in parts["ledger"]["advice"]
    assert "s3:PutObject" in parts["quarantine"]["advice"]
    assert "sqs:SendMessage" in parts["queue"]["advice"]
    assert server.url


def test_wrong_settings_are_the_only_part(
    server: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDER_RETRY_SECONDS", "for ever")

    parts = check()

    assert list(parts) == ["settings"]
    assert "FORWARDER_RETRY_SECONDS" in parts["settings"]["problem"]
    assert server.url


def test_a_token_that_is_refused_is_told_apart_from_one_that_cannot_be_read(
    server: FiddlerServer,
) -> None:
    secrets: Any = boto3.client("secretsmanager")
    secrets.put_secret_value(SecretId=SECRET, SecretString="wrong-token")

    parts = check()

    assert parts["token of route captures"]["ok"]
    refused = parts["platform and columns of route captures"]
    assert not refused["ok"]
    assert "wrong-token" not in json.dumps(parts)
    assert server.url


def test_what_nobody_expects_hides_nothing_else(
    server: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        message = "age 41"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("capture_forwarder.aws.probes.try_ledger", broken)

    parts = check()

    assert "ZeroDivisionError" in parts["ledger"]["problem"]
    assert "age 41" not in json.dumps(parts)
    assert parts["queue"]["ok"]
    assert server.url
