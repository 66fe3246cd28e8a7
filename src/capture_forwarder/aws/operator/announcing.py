"""The function's queue, for files that nobody announced."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.ports.announcing import MOST_AT_ONCE

_REQUESTS_AT_ONCE = 8
_DEPTH = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class SqsAnnouncing:
    """Sends to a standard queue with a group, so that what has none goes first; see `Announcing`.

    A group makes the queue a fair one: while one group has many messages waiting, others, and
    messages without a group, are handed out before it. Source: "Amazon SQS fair queues" in the
    SQS developer guide.

    Parameters
    ----------
    calls
        AWS.
    url
        The queue.
    group
        The group of the messages.
    """

    def __init__(self, calls: AwsCalls, url: str, group: str) -> None:
        self._calls = calls
        self._url = url
        self._group = group

    def depth(self) -> int:
        """What the queue holds; see `Announcing.depth`."""
        found = self._calls.call(
            "sqs", "GetQueueAttributes", QueueUrl=self._url, AttributeNames=list(_DEPTH)
        )
        return sum(int(found["Attributes"][name]) for name in _DEPTH)

    def send(self, bodies: Sequence[str]) -> Sequence[int]:
        """Send messages; see `Announcing.send`."""
        starts = range(0, len(bodies), MOST_AT_ONCE)
        self._calls.client("sqs")  # made once, before the threads ask for it
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as executor:
            return [
                position
                for refused in executor.map(lambda start: self._batch(bodies, start), starts)
                for position in refused
            ]

    def _batch(self, bodies: Sequence[str], start: int) -> list[int]:
        entries = [
            {"Id": str(start + number), "MessageBody": body, "MessageGroupId": self._group}
            for number, body in enumerate(bodies[start : start + MOST_AT_ONCE])
        ]
        answer = self._calls.call("sqs", "SendMessageBatch", QueueUrl=self._url, Entries=entries)
        refused = answer.get("Failed", [])
        for one in refused:
            if one.get("SenderFault"):
                message = f"SQS refuses a message: {one.get('Code')}: {one.get('Message', '')}"
                raise AccountError(message, code=str(one.get("Code")))
        return [int(one["Id"]) for one in refused]
