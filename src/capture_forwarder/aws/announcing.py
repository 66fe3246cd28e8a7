"""The function's queue, for files that nobody announced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from capture_forwarder.aws.account_errors import account_error
from capture_forwarder.aws.errors import AWS_ERRORS
from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.ports.announcing import MOST_AT_ONCE

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

GROUP = "backfill"
"""The group of the messages, which lets live files go before them."""

_REQUESTS_AT_ONCE = 8
_DEPTH: tuple[QueueAttributeNameType, ...] = (
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
    make_client
        Makes an SQS client.
    url
        The queue.
    quote
        Whether errors show AWS's own words; see `account_error`.
    """

    def __init__(
        self, make_client: Callable[[], SQSClient], url: str, *, quote: bool = True
    ) -> None:
        self._client = cache(make_client)
        self._url = url
        self._quote = quote

    def depth(self) -> int:
        """What the queue holds; see `Announcing.depth`."""
        try:
            found = self._client().get_queue_attributes(
                QueueUrl=self._url, AttributeNames=list(_DEPTH)
            )
        except AWS_ERRORS as error:
            raise self._error("GetQueueAttributes", error) from error
        return sum(int(found["Attributes"][name]) for name in _DEPTH)

    def send(self, bodies: Sequence[str]) -> Sequence[int]:
        """Send messages; see `Announcing.send`."""
        starts = range(0, len(bodies), MOST_AT_ONCE)
        self._client()  # made once, before the threads ask for it
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as executor:
            return [
                position
                for refused in executor.map(lambda start: self._batch(bodies, start), starts)
                for position in refused
            ]

    def leave(self, body: str, seconds: int = 0) -> None:
        """Send one message without a group; see `Announcing.leave`."""
        try:
            self._client().send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=seconds)
        except AWS_ERRORS as error:
            raise self._error("SendMessage", error) from error

    def _batch(self, bodies: Sequence[str], start: int) -> list[int]:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(start + number), "MessageBody": body, "MessageGroupId": GROUP}
            for number, body in enumerate(bodies[start : start + MOST_AT_ONCE])
        ]
        try:
            answer = self._client().send_message_batch(QueueUrl=self._url, Entries=entries)
        except AWS_ERRORS as error:
            raise self._error("SendMessageBatch", error) from error
        refused = answer.get("Failed", [])
        for one in refused:
            if one.get("SenderFault"):
                message = f"SQS refuses a message: {one.get('Code')}: {one.get('Message', '')}"
                raise AccountError(message, code=str(one.get("Code")))
        return [int(one["Id"]) for one in refused]

    def _error(self, operation: str, error: Exception) -> AccountError:
        return account_error("sqs", operation, error, quote=self._quote)  # type: ignore[arg-type]
