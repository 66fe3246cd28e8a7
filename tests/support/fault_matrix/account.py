"""An AWS account that the function works in, and a queue that redelivers."""

from __future__ import annotations

import json
import logging
import sys
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_plus

import pytest
from moto import mock_aws

from capture_forwarder.handlers import forwarder as handler
from capture_forwarder.wiring import forwarder as wiring
from tests.support.fault_matrix.aws import AwsFaults, aws_client, objects_in
from tests.support.fault_matrix.capture_file import BUCKET, CaptureFile
from tests.support.fault_matrix.clock import Context, FastClock

QUARANTINE = "quarantine-bucket"
TABLE = "capture-ledger"
IN_FLIGHT = 4
VISIBILITY_SECONDS = 120.0
_AUTHORITIES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Account(ABC):
    """An account in moto, the function's settings and what it tells.

    Parameters
    ----------
    monkeypatch, capsys
        pytest's.
    files
        What lies in the bucket.
    aws
        Faults of AWS.

    Attributes
    ----------
    rounds
        The messages that failed, of each delivery.
    summaries
        What was logged of each object.
    metrics, metrics_of
        The metrics that were written, added up: in all, and by route and publisher.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        files: Sequence[CaptureFile],
        aws: AwsFaults,
    ) -> None:
        self.files = {file.key: file for file in files}
        self.clock = FastClock()
        self.aws = aws
        self.rounds: list[set[str]] = []
        self.documents: list[dict[str, Any]] = []
        self.summaries: list[dict[str, Any]] = []
        self.metrics: Counter[str] = Counter()
        self.metrics_of: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.continued = 0
        self.context: Context | None = None
        self.has_ledger = True
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._mock = mock_aws()

    @abstractmethod
    def start(self) -> dict[str, str]:
        """Start the platforms; return the variables that lead there."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the platforms."""

    @abstractmethod
    def check_complete(self, file: CaptureFile) -> None:
        """Make sure that a file that was acknowledged is delivered in full."""

    def __enter__(self) -> Self:
        self._mock.start()
        self.s3 = aws_client("s3")
        for bucket in (BUCKET, QUARANTINE):
            self.s3.create_bucket(Bucket=bucket)
        for file in self.files.values():
            self.s3.put_object(Bucket=BUCKET, Key=file.key, Body=file.body)
        aws_client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.sqs = aws_client("sqs")
        self.queue = self.sqs.create_queue(QueueName="captures")["QueueUrl"]
        settings = {
            "FORWARDER_QUARANTINE": self.quarantine_address,
            "FORWARDER_LEDGER": f"dynamodb://{TABLE}",
            "FORWARDER_QUEUE_URL": self.queue,
            "FORWARDER_REQUESTS_IN_FLIGHT": str(IN_FLIGHT),
            "FORWARDER_RETRY_SECONDS": "10",
            **self.start(),
        }
        self.has_ledger = bool(settings["FORWARDER_LEDGER"])
        for name, value in settings.items():
            self._monkeypatch.setenv(name, value)
        for name in _AUTHORITIES:  # there is no TLS here, and reading them takes long
            self._monkeypatch.delenv(name, raising=False)
        self._monkeypatch.setattr(wiring, "SystemClock", lambda: self.clock)
        self.aws.watch(self._monkeypatch)
        handler.forwarder.cache_clear()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        handler.forwarder.cache_clear()
        self.stop()
        self._mock.stop()

    quarantine_address = f"s3://{QUARANTINE}/rejected"

    def set_variable(self, name: str, value: str) -> None:
        """Change a setting; the function is deployed anew."""
        self._monkeypatch.setenv(name, value)
        handler.forwarder.cache_clear()

    def invoke(self, messages: dict[str, str]) -> set[str]:
        """Invoke the function with SQS messages; return the ids of those that failed."""
        for log in logging.getLogger("capture-forwarder").handlers:
            if isinstance(log, logging.StreamHandler):
                log.stream = sys.stdout  # the logger outlives a test, what captures its output not
        records = [
            {
                "messageId": name,
                "receiptHandle": name,
                "body": body,
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:captures",
                "awsRegion": "us-east-1",
            }
            for name, body in messages.items()
        ]
        answer: Any = handler.lambda_handler({"Records": records}, self.context)
        self._listen()
        return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}

    def deliver(self, *files: CaptureFile, rounds: int = 12) -> None:
        """Announce files, and redeliver as SQS does until no message fails.

        After each round, what was acknowledged for good must be delivered in full.
        """
        messages = {file.name: file.message for file in files or self.files.values()}
        while messages:
            assert len(self.rounds) < rounds, f"still failing: {sorted(messages)}"
            before = self.positions
            failed = self.invoke(messages)
            self.rounds.append(failed)
            self._check_progress(messages, failed, before)
            left = {name: body for name, body in messages.items() if name in failed}
            left |= self._continuations()
            self._check_acknowledged({_key(body) for body in messages.values()}, left.values())
            messages = left
            self.clock.sleep(VISIBILITY_SECONDS)

    @property
    def positions(self) -> dict[str, tuple[bool, int, int]]:
        """What the ledger knows of each file: whether it is done, and how far."""
        if not self.has_ledger:
            return {}
        items = aws_client("dynamodb").scan(TableName=TABLE)["Items"]
        return {
            item["key"]["S"]: (
                item["finished"]["BOOL"],
                int(item["offset"]["N"]),
                int(item["rows"]["N"]),
            )
            for item in items
        }

    def _check_progress(
        self,
        messages: dict[str, str],
        failed: set[str],
        before: dict[str, tuple[bool, int, int]],
    ) -> None:
        """An invocation that ran to its end moved the ledger, or failed."""
        after = self.positions
        for name, body in messages.items():
            key = _key(body)
            if self.has_ledger and name not in failed and not before.get(key, (False,))[0]:
                assert after[key] > before.get(key, (False, 0, 0)), f"{key} did not advance"

    @property
    def quarantined(self) -> list[dict[str, Any]]:
        """Everything in quarantine."""
        bodies = objects_in(QUARANTINE).values()
        return [json.loads(text) for body in bodies for text in body.splitlines()]

    def _check_acknowledged(self, keys: set[str], left: Iterable[str]) -> None:
        for key in keys - {_key(body) for body in left}:
            self.check_complete(self.files[key])

    def _continuations(self) -> dict[str, str]:
        found = {}
        while messages := self.sqs.receive_message(QueueUrl=self.queue).get("Messages"):
            for message in messages:
                found[message["MessageId"]] = message["Body"]
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        self.continued += len(found)
        return found

    def _listen(self) -> None:
        for text in self._capsys.readouterr().out.splitlines():
            if not text.startswith("{"):
                continue
            document = json.loads(text)
            self.documents.append(document)
            if "resumed_at" in document:
                self.summaries.append(document)
            for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
                for metric in directive["Metrics"]:
                    value = document[metric["Name"]]
                    total = sum(value) if isinstance(value, list) else value
                    self.metrics[metric["Name"]] += total
                    route = document["route"], document["publisher"]
                    self.metrics_of[route][metric["Name"]] += total


def told_of(summary: dict[str, Any]) -> str:
    """The key of the file that a summary is of; one of a failure names the whole address."""
    return str(summary.get("key") or summary["delivery"].removeprefix(f"s3://{BUCKET}/"))


def check_adds_up(
    summaries: Sequence[dict[str, Any]], metrics: Counter[str], files: Iterable[CaptureFile]
) -> None:
    """Make sure that what one route told of each file adds up, and so do its metrics."""
    for told in summaries:
        quarantined = sum(told["quarantined"].values())
        assert told["lines"] == told["forwarded"] + told["empty"] + quarantined
        assert told["inferences"] == told["published"] + told["refused"]
    for file in files:
        parts = [told for told in summaries if told_of(told) == file.key]
        refused = sum(told["refused"] for told in parts)
        assert sum(told["lines"] for told in parts) == len(file.lines), parts
        assert sum(told["empty"] for told in parts) == len(file.bad_lines)
        assert sum(told["published"] for told in parts) == len(file.ids) - refused
    for metric, name in (
        ("LinesRead", "lines"),
        ("LinesForwarded", "forwarded"),
        ("LinesEmpty", "empty"),
        ("Inferences", "inferences"),
        ("InferencesPublished", "published"),
        ("InferencesRefused", "refused"),
    ):
        assert metrics[metric] == sum(told[name] for told in summaries)


def _key(body: str) -> str:
    message = json.loads(body)
    if "detail" in message:
        return str(message["detail"]["object"]["key"])
    return unquote_plus(message["Records"][0]["s3"]["object"]["key"])
