"""`capture-forwarder doctor` for stacks that hear of new files in other ways than by default."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from capture_forwarder.cli.app import app
from tests.support.deployed import queue_arn
from tests.support.template_parameters import BUS, TOPIC
from tests.support.working_deployment import FILES, WorkingDeployment

SOURCES = {"s3": "s3", "a topic": TOPIC, "a bus": BUS}
EVENTS = ["s3:ObjectCreated:*"]


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], WorkingDeployment]]:
    with ExitStack() as stack:

        def make(source: str) -> WorkingDeployment:
            stack.enter_context(mock_aws(config={"lambda": {"use_docker": False}}))
            boto3.client("sns").create_topic(Name=TOPIC.rpartition(":")[2])
            boto3.client("events").create_event_bus(Name=BUS.rpartition("/")[2])
            return WorkingDeployment(stack, monkeypatch, CaptureSource=source)

        yield make


def announce(working: WorkingDeployment, source: str) -> None:
    """Have the bucket announce new files as the source needs it."""
    arn = queue_arn(working.resources["CaptureQueue"])
    configurations: dict[str, Any] = {
        "s3": {"QueueConfigurations": [{"Id": "q", "QueueArn": arn, "Events": EVENTS}]},
        TOPIC: {"TopicConfigurations": [{"Id": "t", "TopicArn": TOPIC, "Events": EVENTS}]},
        BUS: {"EventBridgeConfiguration": {}},
    }
    working.announce(configurations[source])


def examination() -> dict[str, Any]:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return dict(json.loads(result.stdout))


def found(document: dict[str, Any], check: str) -> tuple[str, str]:
    """A check's status, and what it found."""
    (one,) = (one for one in document["findings"] if one["check"] == check)
    return one["status"], one["finding"]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_all_is_well_where_files_come_another_way(
    deploy: Callable[[str], WorkingDeployment], source: str
) -> None:
    working = deploy(source)
    announce(working, source)

    document = examination()

    assert [one for one in document["findings"] if one["status"] != "ok"] == []
    counts = [step["count"] for step in document["funnel"]["steps"]]
    assert counts == [FILES] * (5 if source == BUS else 3)
    said = found(document, "rule")[1]
    assert ("CaptureSource is" in said) == (source != BUS)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_bucket_that_announces_nothing_there_is_a_failure(
    deploy: Callable[[str], WorkingDeployment], source: str
) -> None:
    working = deploy(source)
    # To the right place, but of files that are gone.
    arn = queue_arn(working.resources["CaptureQueue"])
    gone = {"Events": ["s3:ObjectRemoved:*"]}
    working.announce(
        {
            "QueueConfigurations": [{"Id": "q", "QueueArn": arn, **gone}] if source == "s3" else [],
            "TopicConfigurations": [{"Id": "t", "TopicArn": TOPIC, **gone}],
        }
    )

    status, said = found(examination(), "bucket-announces")

    assert status == "failure"
    where = {"s3": arn, TOPIC: TOPIC, BUS: "EventBridge"}[source]
    assert f"to {where}" in said


@pytest.mark.parametrize(
    ("source", "who"), [("s3", "captures"), (TOPIC, "the topic"), (BUS, "the rule")], ids=SOURCES
)
def test_a_queue_that_does_not_let_the_source_send_is_a_failure(
    deploy: Callable[[str], WorkingDeployment], source: str, who: str
) -> None:
    working = deploy(source)
    announce(working, source)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::another"}},
    }
    boto3.client("sqs").set_queue_attributes(
        QueueUrl=working.resources["CaptureQueue"],
        Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})},
    )

    assert found(examination(), "queue") == (
        "failure",
        f"The queue's policy does not let {who} send messages.",
    )
