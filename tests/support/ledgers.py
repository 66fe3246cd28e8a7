"""Both ledgers for tests, with a clock that only a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from moto import mock_aws

from capture_forwarder.aws.clients import dynamodb_client
from capture_forwarder.aws.ledger import DynamoDbLedger
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.ports import Ledger
from capture_forwarder.local.ledger import SqliteLedger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "capture-ledger"
KEY = LedgerKey("capture-bucket", "captures/a b/ü.jsonl", "etag-1", "default")
LEASE = 60.0


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 10, 30, 30, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def make_table(client: DynamoDBClient) -> None:
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@contextmanager
def in_dynamodb(folder: Path, clock: ManualClock) -> Iterator[Ledger]:
    del folder
    with mock_aws():
        client = dynamodb_client()
        make_table(client)
        yield DynamoDbLedger(client, TABLE, clock)


@contextmanager
def in_sqlite(folder: Path, clock: ManualClock) -> Iterator[Ledger]:
    yield SqliteLedger(folder / "ledger.sqlite", clock)


LEDGERS = {"dynamodb": in_dynamodb, "sqlite": in_sqlite}
