"""What the ledger's table holds of backfills that the function does by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from capture_forwarder.aws.ledger import KEEP_DAYS, item_id
from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.ports.operator import RecordedWork

_DAY = 24 * 60 * 60
# What a claim of the ledger finds finished, also where nothing was claimed before.
_END = (
    "SET #finished = :yes, #lease_until = :zero, #expires = :expires, "
    "#offset = if_not_exists(#offset, :zero), #lines = if_not_exists(#lines, :zero), "
    "#rows = if_not_exists(#rows, :zero)"
)
_NAMES = ("finished", "lease_until", "expires", "offset", "lines", "rows")


class DynamoDbBackfills:
    """Items of the ledger's table; see `Backfills`.

    Parameters
    ----------
    calls
        AWS.
    table
        The table's name.
    clock
        Time.
    """

    def __init__(self, calls: AwsCalls, table: str, clock: Clock) -> None:
        self._calls = calls
        self._table = table
        self._clock = clock

    def find(self, key: LedgerKey) -> RecordedWork | None:
        """What is recorded; see `Backfills.find`."""
        item = self._calls.call(
            "dynamodb",
            "GetItem",
            TableName=self._table,
            Key={"id": {"S": item_id(key)}},
            ConsistentRead=True,
        ).get("Item")
        if item is None:
            return None
        try:
            counts = [int(item[name]["N"]) for name in ("offset", "lines", "rows")]
            written = datetime.fromtimestamp(int(item["expires"]["N"]) - KEEP_DAYS * _DAY, UTC)
            return RecordedWork(Position(*counts), bool(item["finished"]["BOOL"]), written)
        except (KeyError, ValueError) as error:
            message = f"The item of {key.key} in the table {self._table} is not as it was written."
            raise AccountError(message, "Look at what else writes to the table.") from error

    def end(self, key: LedgerKey) -> None:
        """Record that it is over; see `Backfills.end`."""
        expires = int(self._clock.now().timestamp() + KEEP_DAYS * _DAY)
        self._calls.call(
            "dynamodb",
            "UpdateItem",
            TableName=self._table,
            Key={"id": {"S": item_id(key)}},
            UpdateExpression=_END,
            ExpressionAttributeNames={f"#{name}": name for name in _NAMES},
            ExpressionAttributeValues={
                ":yes": {"BOOL": True},
                ":zero": {"N": "0"},
                ":expires": {"N": str(expires)},
            },
        )
