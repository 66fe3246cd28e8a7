"""An AWS in which the monitor's function finds rows and a baseline, and tells what it found."""

from __future__ import annotations

import gzip
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from capture_forwarder.handlers import monitor as handler
from capture_forwarder.monitor.baseline import make_baseline, write_baseline
from capture_forwarder.monitor.data.opening import DataChoice, open_data
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from tests.support.engines import run as command
from tests.support.monitoring import chance, write_lines

BUCKET = "rows"
PLACES = {
    "MONITOR_ROWS": f"s3://{BUCKET}/out",
    "MONITOR_BASELINES": f"s3://{BUCKET}/baselines",
    "MONITOR_REPORTS": f"s3://{BUCKET}/reports",
}
DUE = datetime(2026, 3, 2, 10, 20, tzinfo=UTC)
ENDPOINT, SCHEDULE = "churn", "hourly"
REPORT = f"reports/{ENDPOINT}/{SCHEDULE}/2026/03/02/10"

Row = Mapping[str, object]


def rows(count: int, shift: float = 0.0, seed: int = 1) -> list[Row]:
    """Rows of an age and a score, with the columns that the publisher of files adds."""
    made = chance(seed)
    return [
        {
            "inference_id": f"i-{seed}-{n}",
            "inference_time": "2026-03-02T09:20:30Z",
            "age": made.randrange(18, 90),
            "score": round(made.random() + shift, 4),
        }
        for n in range(count)
    ]


def event(**changes: object) -> dict[str, object]:
    """What the schedule sends."""
    sent = {"endpoint": ENDPOINT, "schedule": SCHEDULE, "time": DUE.isoformat(), "hours": 2}
    return {**sent, **changes}


def predictions(count: int, seed: int = 1) -> list[Row]:
    """Rows with a score, of which `labels` knows what was true."""
    made = chance(seed)
    return [
        {"inference_id": f"p-{seed}-{n}", "score": round(made.random(), 4)} for n in range(count)
    ]


def labels(of: Sequence[Row], wrong: float = 0.1) -> list[Row]:
    """What was true of predictions, of which so large a share was wrong."""
    made = chance(7)
    return [
        {
            "inference_id": row["inference_id"],
            "churned": int((float(str(row["score"])) > 0.5) != (made.random() < wrong)),
        }
        for row in of
    ]


class Context:
    """Lambda's context, with so many seconds left."""

    def __init__(self, seconds: float = 300.0) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class MonitorWorld:
    """Buckets, a topic and a bus, whose messages end up in queues.

    Parameters
    ----------
    monkeypatch
        Sets the function's variables.
    folder
        For files on the way.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._folder = folder
        self.s3: Any = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self._sqs: Any = boto3.client("sqs")
        self._told, arn = self._queue("told")
        sns: Any = boto3.client("sns")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self._announced, arn = self._queue("announced")
        events: Any = boto3.client("events")
        events.put_rule(Name="all", EventPattern=json.dumps({"source": ["capture-forwarder"]}))
        events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
        self.topics = [topic]
        for name, value in {**PLACES, "MONITOR_TOPIC_ARNS": topic}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "stack")

    def baseline(self, of: Sequence[Row], endpoint: str = ENDPOINT) -> None:
        """Make a baseline of rows, and put it where the function looks."""
        data = write_lines(self._folder / "training.jsonl", of)
        made = self._folder / "baseline"
        with open_duckdb() as engine:
            relation = open_data(engine, DataChoice(data))
            write_baseline(make_baseline(engine, relation, made), replace=True)
        for file in made.iterdir():
            self.put(f"baselines/{endpoint}/{file.name}", file.read_bytes())

    def quality_baseline(self, of: Sequence[Row], endpoint: str = ENDPOINT) -> None:
        """Make a baseline of the quality of predictions with their labels."""
        data = write_lines(self._folder / "validation.jsonl", of)
        model = ("--problem-type", "BinaryClassification", "--probability", "score")
        to = f"s3://{BUCKET}/baselines/{endpoint}/quality"
        code, said = command("quality", data, *model, "--label", "churned", "--to", to)
        assert code == 0, said

    def publish(self, of: Sequence[Row], hours_ago: int = 1, variant: str = "AllTraffic") -> str:
        """Write rows as the publisher of files does, and return their key."""
        hour = DUE - timedelta(hours=hours_ago)
        number = len(self.keys(f"out/{ENDPOINT}/"))
        key = f"out/{ENDPOINT}/{variant}/{hour:%Y/%m/%d/%H}/20-30-{number:06}.jsonl.gz"
        self.put(key, gzip.compress("".join(json.dumps(row) + "\n" for row in of).encode()))
        return key

    def put(self, key: str, data: bytes) -> None:
        """Write a file."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)

    def read(self, key: str) -> Any:
        """What a file of JSON holds."""
        return json.loads(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", [])]

    def run(self, context: Context | None = None, **changes: object) -> dict[str, Any]:
        """Call the function with a schedule's event."""
        for log in logging.getLogger("stack").handlers:
            if isinstance(log, logging.StreamHandler):
                log.stream = sys.stdout  # the logger outlives a test
        return handler.lambda_handler(event(**changes), context or Context())

    def told(self) -> list[dict[str, Any]]:
        """The messages of the topic since they were last asked for."""
        return self._messages(self._told)

    def announced(self) -> list[dict[str, Any]]:
        """The events on the bus since they were last asked for."""
        return self._messages(self._announced)

    def _queue(self, name: str) -> tuple[str, str]:
        url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, attributes["Attributes"]["QueueArn"]

    def _messages(self, url: str) -> list[dict[str, Any]]:
        found = []
        while some := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for one in some:
                found.append(json.loads(one["Body"]))
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found


def metric_documents(printed: str) -> list[dict[str, Any]]:
    """The lines of metrics among what was printed."""
    lines = (json.loads(line) for line in printed.splitlines() if line.startswith("{"))
    return [line for line in lines if "_aws" in line]


def metrics(printed: str) -> dict[str, dict[str, float]]:
    """Namespace → metric → value, as CloudWatch reads them of the lines."""
    found: dict[str, dict[str, float]] = {}
    for document in metric_documents(printed):
        (described,) = document["_aws"]["CloudWatchMetrics"]
        values = found.setdefault(described["Namespace"], {})
        values |= {one["Name"]: document[one["Name"]] for one in described["Metrics"]}
    return found
