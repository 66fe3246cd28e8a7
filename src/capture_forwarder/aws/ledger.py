"""The ledger in a DynamoDB table."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.errors import LedgerError
from capture_forwarder.core.ledger import Claim, LedgerKey, busy, describe, lost
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Value = Mapping[str, str | bool]
Item = Mapping[str, Value]

KEEP_DAYS = 30.0
"""How many days an item is stored after its last write."""

_DAY = 24 * 60 * 60.0
_ZERO: Value = {"N": "0"}
_NO: Value = {"BOOL": False}
_YES: Value = {"BOOL": True}

_CLAIM = (
    "SET #bucket = :bucket, #key = :key, #revision = :revision, #route = :route, "
    "#owner = :owner, #lease_until = :lease_until, #expires = :expires, #finished = :no, "
    "#offset = if_not_exists(#offset, :zero), #lines = if_not_exists(#lines, :zero), "
    "#rows = if_not_exists(#rows, :zero)"
)
_MAY_CLAIM = (
    "attribute_not_exists(#id) OR (#finished = :no AND (#owner = :owner OR #lease_until <= :now))"
)
_RENEW = "SET #lease_until = :lease_until, #expires = :expires"
_FINISH = "SET #finished = :yes, #lease_until = :zero, #expires = :expires"
_RELEASE = "SET #lease_until = :zero, #expires = :expires REMOVE #owner"
# Items of older versions have no rows.
_FORWARD = (
    "(#offset < :offset OR (#offset = :offset AND (attribute_not_exists(#rows) OR #rows <= :rows)))"
)
_HOLDS = "#owner = :owner AND #finished = :no"
# The owner stays in a finished item, so that a finish whose answer was lost can be repeated.
_HOLDS_OR_FINISHED = "#owner = :owner"

_THROTTLED = (
    "It takes no more requests now: bill it on demand or give it more write capacity, or lower "
    "the function's concurrency. The file is tried again on the next delivery."
)
_ADVICE = {
    "ProvisionedThroughputExceededException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "AccessDeniedException": (
        "Allow dynamodb:UpdateItem on it, and the use of its KMS key if that is your own."
    ),
    "ResourceNotFoundException": "Create it, or look at its name in the settings and the region.",
    "ValidationException": "Its key must be a string named id, with no sort key.",
}
_AGAIN = "It is tried again on the next delivery."


class DynamoDbLedger:
    """One item for each capture file, revision and route; each method is a conditional UpdateItem.

    The table's key is the string `id`, without a sort key; `expires` is its attribute for time
    to live. Items that have expired but still exist count as before: DynamoDB deletes them
    "within a few days" [1]_, and it does no harm to know longer that a file is done.

    DynamoDB orders the writes of an item and evaluates each condition against the newest state
    [2]_, so of two claims one sees the other. A refused write returns the current item at no
    extra cost [3]_, so that nothing needs to be read. Each write may be repeated by the same owner
    with the same result, as botocore does when an answer is lost. Leases are compared by the
    clocks of the invocations; they must be long against the clocks' difference.

    Parameters
    ----------
    client
        A DynamoDB client.
    table
        The table's name or ARN. Not a replica in a second region: conditions are evaluated in
        one region only.
    clock
        The time that leases are measured by.
    keep_days
        How many days an item is stored after its last write. The default outlives a message, which
        SQS keeps for at most 14 days [4]_, and one redrive.

    References
    ----------
    .. [1] DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB": the value is a number
       of seconds since 1970.
    .. [2] DynamoDB Developer Guide, "Condition expressions", "Conditional writes".
    .. [3] DynamoDB API Reference, UpdateItem, `ReturnValuesOnConditionCheckFailure`.
    .. [4] SQS API Reference, SetQueueAttributes, `MessageRetentionPeriod`.
    """

    def __init__(
        self, client: DynamoDBClient, table: str, clock: Clock, keep_days: float = KEEP_DAYS
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._keep_seconds = keep_days * _DAY

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        """Begin work; see `Ledger.claim`. One request, whatever the answer."""
        now = self._now()
        values = {
            ":bucket": _text(key.bucket),
            ":key": _text(key.key),
            ":revision": _text(key.revision),
            ":route": _text(key.route),
            ":owner": _text(owner),
            ":now": _seconds(now),
            ":lease_until": _seconds(now + lease_seconds),
            ":expires": self._expires(now),
            ":zero": _ZERO,
            ":no": _NO,
        }
        written, item = self._update(key, _CLAIM, _MAY_CLAIM, values)
        finished, until = self._state(key, item)
        if not written and not finished:
            raise busy(key, until)
        return Claim(self._position(key, item), finished=finished)

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        """Move the position forward and renew the lease; see `Ledger.save`.

        A lease that has expired is still its owner's until somebody takes it over. A position
        before the stored one renews the lease and leaves the position as it is.
        """
        now = self._now()
        values = {
            ":owner": _text(owner),
            ":lease_until": _seconds(now + lease_seconds),
            ":expires": self._expires(now),
            ":no": _NO,
        }
        self._note(key, position, _RENEW, _HOLDS, values)

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        """Save that the file is done; see `Ledger.finish`. The position only moves forward."""
        values = {
            ":owner": _text(owner),
            ":expires": self._expires(self._now()),
            ":zero": _ZERO,
            ":yes": _YES,
        }
        self._note(key, position, _FINISH, _HOLDS_OR_FINISHED, values)

    def release(self, key: LedgerKey, owner: str) -> None:
        """Give the lease back; see `Ledger.release`."""
        values = {
            ":owner": _text(owner),
            ":expires": self._expires(self._now()),
            ":zero": _ZERO,
            ":no": _NO,
        }
        self._update(key, _RELEASE, _HOLDS, values)

    def _note(
        self, key: LedgerKey, position: Position, change: str, condition: str, values: Item
    ) -> None:
        forward = {
            ":offset": _count(position.offset),
            ":lines": _count(position.lines),
            ":rows": _count(position.rows),
        }
        written, item = self._update(
            key,
            f"{change}, #offset = :offset, #lines = :lines, #rows = :rows",
            f"{condition} AND {_FORWARD}",
            {**values, **forward},
        )
        # An update expression knows no maximum, so a position further back, which should not occur,
        # costs a second request.
        if not written and item and self._position(key, item) > position:
            written, _ = self._update(key, change, condition, values)
        if not written:
            raise lost(key)

    def _update(
        self, key: LedgerKey, change: str, condition: str, values: Item
    ) -> tuple[bool, Item]:
        """Write if the condition holds; return whether it did, and the item after that."""
        # Attribute names always by alias: `key`, `owner` and others are reserved words. DynamoDB
        # refuses aliases that are not used.
        names = {f"#{name}": name for name in re.findall(r"#(\w+)", change + condition)}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"id": _text(item_id(key))},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except AWS_ERRORS as error:
            failure = read_error(error)
            if failure.code == "ConditionalCheckFailedException":
                # The stubs do not know that this error has the item.
                return False, cast("Item", getattr(error, "response", {}).get("Item", {}))
            advice = _ADVICE.get(failure.code, _AGAIN)
            raise self._error(key, failure.sentence, advice) from error
        # Something in between may answer in place of DynamoDB; then nothing was written.
        if "id" not in answer.get("Attributes", {}):
            raise self._error(key, "the answer is not DynamoDB's", _AGAIN)
        return True, cast("Item", answer["Attributes"])

    def _state(self, key: LedgerKey, item: Item) -> tuple[bool, float]:
        """Whether the item is finished, and when its lease ends."""
        try:
            return bool(item["finished"]["BOOL"]), float(item["lease_until"]["N"])
        except (KeyError, ValueError) as error:
            raise self._strange(key) from error

    def _position(self, key: LedgerKey, item: Item) -> Position:
        try:
            rows = item.get("rows", _ZERO)
            return Position(int(item["offset"]["N"]), int(item["lines"]["N"]), int(rows["N"]))
        except (KeyError, ValueError) as error:
            raise self._strange(key) from error

    def _strange(self, key: LedgerKey) -> LedgerError:
        advice = "If nothing else writes to the table, delete the item with this id: "
        return self._error(key, "its item is not as it was written", advice + item_id(key))

    def _error(self, key: LedgerKey, what: str, advice: str) -> LedgerError:
        message = f"The ledger (table {self._table}) cannot be used for {describe(key)}: {what}."
        return LedgerError(message, advice)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _expires(self, now: float) -> Value:
        return _count(int(now + self._keep_seconds))


def item_id(key: LedgerKey) -> str:
    """The key of an item: a digest, so that no two are alike and none is too long.

    A key of DynamoDB has at most 2048 bytes (Developer Guide, "Quotas"); a key of S3 alone can
    have 1024 and a version id as many. JSON keeps the four parts apart whatever they hold.
    """
    parts = json.dumps([key.bucket, key.key, key.revision, key.route])
    return hashlib.sha256(parts.encode()).hexdigest()


def _text(value: str) -> Value:
    return {"S": value}


def _count(value: int) -> Value:
    return {"N": str(value)}


def _seconds(value: float) -> Value:
    return {"N": f"{value:.6f}"}
