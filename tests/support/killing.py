"""A function in a process of its own that can be killed, and what its files became."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3

from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.platforms.fiddler import MODEL_ID, FiddlerServer

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
BUCKET, QUARANTINE, TABLE = "capture-bucket", "quarantine-bucket", "capture-ledger"
LEASE_SECONDS = 1
IN_FLIGHT = 2
ROWS = 1000
WORKER = """
import json, sys
from capture_forwarder.handlers.forwarder import lambda_handler
for line in sys.stdin:
    sys.stderr.write(json.dumps(lambda_handler(json.loads(line), None)) + "\\n")
    sys.stderr.flush()
"""


def client(service: Any, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


@dataclass
class Account:
    """An emulated AWS with a file in it, and the settings to forward it to a platform."""

    url: str
    server: FiddlerServer
    file: CaptureFile
    variables: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.s3 = client("s3", self.url)
        for bucket in (BUCKET, QUARANTINE):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=BUCKET, Key=self.file.key, Body=self.file.body)
        client("dynamodb", self.url).create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.sqs = client("sqs", self.url)
        self.queue = self.sqs.create_queue(QueueName="captures")["QueueUrl"]
        self.variables = {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "FIDDLER_URL": self.server.url,
            "FIDDLER_TOKEN": self.server.token,
            "FIDDLER_MODEL_UUID": MODEL_ID,
            "FIDDLER_MODEL_COLUMNS": "x",
            "FIDDLER_MODEL_OUTPUT_COLUMN": "score",
            "FORWARDER_QUARANTINE": f"s3://{QUARANTINE}/rejected",
            "FORWARDER_LEDGER": f"dynamodb://{TABLE}",
            "FORWARDER_QUEUE_URL": self.queue,
            "FORWARDER_LEASE_SECONDS": str(LEASE_SECONDS),
            "FORWARDER_REQUEST_TIMEOUT_SECONDS": str(0.9 * LEASE_SECONDS),
            "FORWARDER_REQUESTS_IN_FLIGHT": str(IN_FLIGHT),
            "TQDM_DISABLE": "1",
        }

    def event(self, *bodies: str) -> dict[str, Any]:
        records = [
            {"messageId": str(n), "eventSource": "aws:sqs", "body": body}
            for n, body in enumerate(bodies or (self.file.message,))
        ]
        return {"Records": records}

    def continuations(self) -> list[str]:
        """Take the messages by which the function handed files on."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    @property
    def stored(self) -> Counter[str]:
        return Counter(event["event_id"] for event in self.server.events)

    def check(self, *, sent_twice: int) -> None:
        """Everything is stored or in quarantine; what is there twice is within bounds."""
        listing = self.s3.list_objects_v2(Bucket=QUARANTINE).get("Contents", [])
        bodies = [self.s3.get_object(Bucket=QUARANTINE, Key=o["Key"])["Body"] for o in listing]
        entries = [json.loads(text) for body in bodies for text in body.read().splitlines()]
        refused = [entry["inference_id"] for entry in entries if entry["inference_id"]]
        lines = [entry["line_number"] for entry in entries if not entry["inference_id"]]
        stored = self.stored
        assert sorted(lines) == self.file.bad_lines
        assert len(refused) == len(set(refused))
        assert set(stored) | set(refused) == set(self.file.ids)
        assert not set(stored) & set(refused)
        twice = stored.total() - len(stored)
        assert twice <= sent_twice, f"{twice} inferences were sent again, more than {sent_twice}"


class Function:
    """One process with the function in it, as warm as Lambda keeps it until it is killed."""

    def __init__(
        self, variables: Mapping[str, str], python: Sequence[str] = (sys.executable,)
    ) -> None:
        self._process = subprocess.Popen(
            [*python, "-c", WORKER],
            env={"PATH": os.environ["PATH"], **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, event: object) -> None:
        """Begin an invocation."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for its answer; what the process writes besides stands in front of it."""
        assert self._process.stderr is not None
        text = ""
        for text in self._process.stderr:
            if text.startswith('{"batchItemFailures"'):
                answer: dict[str, Any] = json.loads(text)
                return answer
        raise AssertionError(f"The function ended: {text}")

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """Kill it on the spot."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def chosen_seed() -> int:
    """A new seed, or the one of the variable CHAOS_SEED."""
    return int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(2**32))
