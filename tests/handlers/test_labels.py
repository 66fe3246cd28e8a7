"""Labels from S3 events to Fiddler through the Lambda handler, beside the captures they are for."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from capture_forwarder.handlers import forwarder as handler
from tests.support.captures import ground_truth, line, merged, side
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, Model
from tests.support.platforms.fiddler_labels import FiddlerLabelServer

MODEL = Model.of(
    inputs={"age": "int"},
    outputs={"score": "float"},
    targets={"churned": "int"},
    metadata={"event_id": "str"},
    event_id_col="event_id",
)
CAPTURE = "captures/endpoint/AllTraffic/2026/03/01/10/20-30-123-a.jsonl"
CALLS = b"\n".join(line(side(f"{n}"), side("0.5"), eventId=f"call-{n}") for n in range(3))


class Function:
    """The function with a routes file, a Fiddler, and its own queue."""

    def __init__(self, server: FiddlerLabelServer, queue: str) -> None:
        self.server = server
        self.queue = queue

    def put(self, key: str, content: bytes) -> dict[str, Any]:
        boto3.client("s3").put_object(Bucket="bucket", Key=key, Body=content)
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "bucket"}, "object": {"key": key}},
        }

    def invoke(self, *bodies: str) -> list[str]:
        for log in logging.getLogger("capture-forwarder").handlers:
            if isinstance(log, logging.StreamHandler):
                log.stream = sys.stdout  # the logger outlives a test
        records = [
            {"messageId": str(n), "body": body, "eventSource": "aws:sqs", "attributes": {}}
            for n, body in enumerate(bodies)
        ]
        answer: Any = handler.lambda_handler({"Records": records}, None)
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def announce(self, key: str, content: bytes) -> list[str]:
        return self.invoke(json.dumps({"Records": [self.put(key, content)]}))

    def waiting(self) -> list[str]:
        """The messages in the queue, whose delay is over."""
        sqs = boto3.client("sqs")
        found = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [message["Body"] for message in found.get("Messages", [])]

    def quarantined(self) -> list[dict[str, Any]]:
        s3 = boto3.client("s3")
        listing = s3.list_objects_v2(Bucket="quarantine").get("Contents", [])
        bodies = [s3.get_object(Bucket="quarantine", Key=o["Key"])["Body"] for o in listing]
        return [json.loads(text) for body in bodies for text in body.read().splitlines()]


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    with mock_aws(), FiddlerLabelServer(MODEL) as server:
        for bucket in ("bucket", "quarantine"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        queue = boto3.client("sqs").create_queue(QueueName="captures")["QueueUrl"]

        def make(**labels: Any) -> Function:
            fiddler = {"type": "fiddler", "url": server.url, "model_uuid": MODEL_ID, "token": TOKEN}
            routes = [
                {
                    "name": "churn-labels",
                    "match": {"bucket": "bucket", "prefix": "ground-truth/"},
                    "labels": labels,
                    "publisher": fiddler,
                },
                {
                    "name": "churn",
                    "mapping": {"inputs": "age", "outputs": "score"},
                    "publisher": fiddler,
                },
            ]
            file = tmp_path / "routes.yaml"
            file.write_text(yaml.safe_dump({"routes": routes}))
            for name, value in {
                "FORWARDER_ROUTES": str(file),
                "FORWARDER_QUARANTINE": "s3://quarantine/rejected",
                "FORWARDER_LEDGER": "dynamodb://ledger",
                "FORWARDER_QUEUE_URL": queue,
                "FORWARDER_RETRY_SECONDS": "0",
            }.items():
                monkeypatch.setenv(name, value)
            handler.forwarder.cache_clear()
            return Function(server, queue)

        yield make
    handler.forwarder.cache_clear()


def test_labels_change_the_events_of_captures_and_make_none(function: Any) -> None:
    here: Function = function()
    assert here.announce(CAPTURE, CALLS) == []
    labels = b"\n".join(
        [
            ground_truth("call-0", "1"),
            ground_truth("call-1", "1"),
            ground_truth("call-1", "0"),
            ground_truth("unknown", "1"),
            ground_truth("call-2", "1\n0"),
            b"{ no JSON",
        ]
    )
    assert here.announce("ground-truth/2026/03/02/10/labels.jsonl", labels) == []

    events = here.server.labels()
    assert {name: event.get("churned") for name, event in events.items()} == {
        "call-0": 1,
        "call-1": 0,
        "call-2": None,
    }
    assert [event["age"] for event in events.values()] == [0, 1, 2]
    assert sorted(
        (one["reason"], one["line_number"], one["route"]) for one in here.quarantined()
    ) == [
        ("invalid-json", 6, "churn-labels"),
        ("label-count-mismatch", 5, "churn-labels"),
    ]


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("ground-truth/labels.csv", b"id,label\ncall-0,1\ncall-2,0\n"),
        ("ground-truth/labels", b"id,churned,note\ncall-0,1,x\ncall-2,0,y\n"),
        (
            "ground-truth/labels.jsonl",
            b'{"id": "call-0", "label": 1}\n{"id": "call-2", "label": 0}',
        ),
        (
            "ground-truth/merge/part-00000.c000.jsonl",
            b"\n".join(
                merged(line(side("1"), side("0.5"), eventId=name), label)
                for name, label in (("call-0", "1"), ("call-2", "0"))
            ),
        ),
    ],
)
def test_every_kind_of_file_that_the_function_reads_arrives(
    key: str, content: bytes, function: Any
) -> None:
    here: Function = function()
    assert here.announce(CAPTURE, CALLS) == []
    assert here.announce(key, content) == []
    found = {name: event.get("churned") for name, event in here.server.labels().items()}
    assert found == {"call-0": 1, "call-1": None, "call-2": 0}
    assert here.quarantined() == []


def test_a_file_of_labels_is_sent_once(function: Any) -> None:
    here: Function = function()
    for _ in range(2):
        assert here.announce("ground-truth/labels.csv", b"id,label\ncall-0,1\n") == []
    assert len(here.server.publish_requests) == 1


def test_a_route_that_waits_leaves_a_file_to_its_queue(
    function: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    here: Function = function(delay=600)

    assert here.announce("ground-truth/labels.csv", b"id,label\ncall-0,1\n") == []

    assert here.server.publish_requests == []
    assert "object waits" in capsys.readouterr().out
    attributes = boto3.client("sqs").get_queue_attributes(
        QueueUrl=here.queue, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )["Attributes"]
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"


def test_a_file_that_comes_back_is_read(function: Any) -> None:
    here: Function = function(delay=1)
    record = here.put("ground-truth/labels.csv", b"id,label\ncall-0,1\n")
    assert here.invoke(json.dumps({"Records": [record]})) == []
    assert here.server.publish_requests == []

    back: list[str] = []
    while not back:
        back = here.waiting()
    assert json.loads(back[0])["captureForwarder"]["routes"] == ["churn-labels"]
    assert here.invoke(*back) == []
    assert [update["churned"] for update in here.server.updates] == [1]


def test_parquet_fails_with_what_to_do_where_duckdb_is_missing(
    function: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("capture_forwarder.wiring.labels.is_installed", lambda _: False)
    here: Function = function()
    assert here.announce("ground-truth/labels.parquet", b"PAR1whatever") == ["0"]
    assert "pip install 'capture-forwarder[duckdb]'" in capsys.readouterr().out
