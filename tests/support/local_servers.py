"""An S3 with the sample captures and a Fiddler, on this machine, to try the function against."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from tests.support.package import REPOSITORY
from tests.support.platforms.fiddler import CHURN_MODEL, FiddlerServer

EVENTS = REPOSITORY / "events"
BUCKET = "capture-bucket"
QUARANTINE = "quarantine-bucket"
REGION = "us-east-1"
LOOPBACK = "127.0.0.1"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@dataclass(frozen=True)
class LocalServers:
    """Servers that are up.

    Parameters
    ----------
    aws
        The address of the emulated AWS.
    fiddler
        The platform.
    """

    aws: str
    fiddler: FiddlerServer

    def variables(self) -> dict[str, str]:
        """The function's environment: `events/env.json`, with the addresses of these servers."""
        settings: dict[str, str] = json.loads((EVENTS / "env.json").read_text())[
            "ForwarderFunction"
        ]
        return {
            **settings,
            **_CREDENTIALS,
            # By these, what arrives can be told apart.
            "FORWARDER_EVENT_ID_COLUMN": "event_id",
            "FORWARDER_METADATA_COLUMNS": "endpoint=endpoint,variant=variant",
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "FIDDLER_URL": self.fiddler.url,
            "FIDDLER_TOKEN": self.fiddler.token,
            "FORWARDER_QUARANTINE": f"s3://{QUARANTINE}/quarantine",
        }

    def arrived(self) -> dict[str, int]:
        """How many rows the platform has, by endpoint."""
        return dict(Counter(str(row["endpoint"]) for row in self.fiddler.events))

    def quarantined(self) -> dict[str, int]:
        """How many lines are in the quarantine, by the reason."""
        s3 = _client(self.aws)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=QUARANTINE)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        found: Counter[str] = Counter()
        for key in keys:
            for line in s3.get_object(Bucket=QUARANTINE, Key=key)["Body"].read().splitlines():
                found[json.loads(line)["reason"]] += 1
        return dict(found)


@contextmanager
def local_servers(host: str = LOOPBACK) -> Iterator[LocalServers]:
    """Start the servers at an address of this machine, with the sample captures in the bucket."""

    class Reachable(FiddlerServer):
        pass

    Reachable.host = host
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells of every request
    moto = ThreadedMotoServer(ip_address=host, port=0, verbose=False)
    moto.start()
    try:
        _, port = moto.get_host_and_port()
        aws = f"http://{host}:{port}"
        _lay_out(aws)
        with Reachable(CHURN_MODEL) as fiddler:
            yield LocalServers(aws, fiddler)
    finally:
        moto.stop()


def _lay_out(aws: str) -> None:
    s3 = _client(aws)
    for bucket in (BUCKET, QUARANTINE):
        s3.create_bucket(Bucket=bucket)
    captures = EVENTS / "captures"
    for path in captures.rglob("*.jsonl"):
        key = path.relative_to(captures).as_posix()
        s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())


def _client(aws: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=aws,
        region_name=REGION,
        aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
