"""Each service that is called has a client; all are botocore's, from one session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from moto import mock_aws

from capture_forwarder import __version__
from capture_forwarder.aws.clients import (
    dynamodb_client,
    s3_client,
    secrets_client,
    sqs_client,
    ssm_client,
)


@pytest.mark.parametrize(
    ("make", "service"),
    [
        (dynamodb_client, "dynamodb"),
        (s3_client, "s3"),
        (secrets_client, "secretsmanager"),
        (sqs_client, "sqs"),
        (ssm_client, "ssm"),
    ],
)
def test_each_service_has_a_client(
    make: Callable[[], Any], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert make().meta.service_model.service_name == service


@mock_aws
def test_requests_say_who_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = s3_client()
    named: list[bytes] = []
    client.meta.events.register(
        "before-send.s3", lambda request, **_: named.append(request.headers["User-Agent"])
    )

    client.create_bucket(Bucket="bucket")

    assert named == [f"capture-forwarder/{__version__}".encode()]
