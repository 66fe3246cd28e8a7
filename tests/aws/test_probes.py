"""Tries of ledger, quarantine and queue: what they find, and that they write nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.aws.clients import dynamodb_client, s3_client, sqs_client
from capture_forwarder.aws.probes import try_ledger, try_quarantine, try_queue
from capture_forwarder.core.errors import LedgerError, QuarantineError, QueueError
from tests.support.aws_answers import AwsAnswers


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    with mock_aws():
        yield


def make_table() -> None:
    client: Any = boto3.client("dynamodb")
    client.create_table(
        TableName="ledger",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_a_ledger_that_can_be_written_is_not_written() -> None:
    make_table()

    try_ledger(dynamodb_client(), "ledger")

    client: Any = boto3.client("dynamodb")
    assert client.scan(TableName="ledger")["Count"] == 0


def test_a_ledger_that_cannot_be_written_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LedgerError, match="ResourceNotFoundException"):
        try_ledger(dynamodb_client(), "ledger")
    AwsAnswers(monkeypatch).refuse("UpdateItem", "AccessDeniedException")
    with pytest.raises(LedgerError, match="Allow dynamodb:UpdateItem"):
        try_ledger(dynamodb_client(), "ledger")


def test_a_quarantine_is_sent_what_s3_cannot_take(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = AwsAnswers(monkeypatch)
    aws.refuse("PutObject", "BadDigest")

    try_quarantine(s3_client(), "bucket", "/quarantine/")

    (asked,) = aws.of("PutObject")
    assert asked["Key"] == "quarantine/capture-forwarder-self-check"
    assert asked["ContentMD5"] != "1B2M2Y8AsgTpgAmY7PhCfg=="  # that of nothing


def test_the_wrong_digest_goes_to_s3_as_it_is() -> None:
    client = s3_client()
    client.create_bucket(Bucket="bucket")
    seen: list[dict[str, str]] = []
    client.meta.events.register(
        "request-created.s3.PutObject",
        lambda request, **_: seen.append(dict(request.headers.items())),
    )

    try_quarantine(client, "bucket", "quarantine")

    digest = {name.lower(): value for name, value in seen[0].items()}["content-md5"]
    assert digest in {"AAAAAAAAAAAAAAAAAAAAAA==", b"AAAAAAAAAAAAAAAAAAAAAA=="}


def test_a_quarantine_that_cannot_be_written_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(QuarantineError, match="NoSuchBucket"):
        try_quarantine(s3_client(), "nothing", "quarantine")
    AwsAnswers(monkeypatch).refuse("PutObject")
    with pytest.raises(QuarantineError, match=r"Allow s3:PutObject on s3://bucket/quarantine/\*"):
        try_quarantine(s3_client(), "bucket", "quarantine")


def test_a_queue_is_reached_or_not() -> None:
    sqs: Any = boto3.client("sqs")
    url = sqs.create_queue(QueueName="captures")["QueueUrl"]

    try_queue(sqs_client(), url)
    with pytest.raises(QueueError, match="FORWARDER_QUEUE_URL"):
        try_queue(sqs_client(), f"{url}-gone")
