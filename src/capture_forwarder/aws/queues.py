"""An SQS queue whose messages can be looked at, sent again and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.errors import QueueError
from capture_forwarder.core.ports.operator import QueueMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        MessageAttributeValueOutputTypeDef,
        MessageAttributeValueTypeDef,
        MessageSystemAttributeValueTypeDef,
        MessageTypeDef,
        SendMessageRequestTypeDef,
    )

_REGION = re.compile(r"^(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com")
_MOST_AT_ONCE = 10
# A short poll asks only some of SQS's servers, so that an empty answer would prove nothing.
_WAIT_SECONDS = 2
# Longer than any batch takes; messages of a run that breaks off stay hidden for so long.
_HIDDEN_SECONDS = 120


class SqsQueue:
    """An SQS queue.

    Parameters
    ----------
    make_client
        Makes an SQS client for a region, or that of the environment.
    url
        The queue's address.
    """

    def __init__(self, make_client: Callable[[str | None], SQSClient], url: str) -> None:
        self.url = url
        self._make_client = make_client
        self._made: SQSClient | None = None

    def count(self) -> int:
        """About how many messages it holds; see `Queue.count`."""
        with self._errors("asked how many messages it holds", "sqs:GetQueueAttributes"):
            answer = self._client().get_queue_attributes(
                QueueUrl=self.url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )
        return sum(int(value) for value in answer.get("Attributes", {}).values())

    def receive(self, most: int = _MOST_AT_ONCE) -> list[QueueMessage]:
        """Receive some messages; see `Queue.receive`."""
        with self._errors("read", "sqs:ReceiveMessage"):
            answer = self._client().receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(most, _MOST_AT_ONCE),
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        return [_message(found) for found in answer.get("Messages", [])]

    def give_back(self, messages: Sequence[QueueMessage]) -> None:
        """Make messages visible again at once; see `Queue.give_back`."""
        with self._errors("told to show messages again", "sqs:ChangeMessageVisibility"):
            for start in range(0, len(messages), _MOST_AT_ONCE):
                part = messages[start : start + _MOST_AT_ONCE]
                self._client().change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(n), "ReceiptHandle": one.receipt, "VisibilityTimeout": 0}
                        for n, one in enumerate(part)
                    ],
                )

    def send(self, message: QueueMessage) -> str:
        """Send a message like another; see `Queue.send`."""
        request: SendMessageRequestTypeDef = {
            "QueueUrl": self.url,
            "MessageBody": message.body,
            "MessageAttributes": cast(
                "dict[str, MessageAttributeValueTypeDef]", message.attributes
            ),
        }
        if message.trace is not None:
            trace: MessageSystemAttributeValueTypeDef = {
                "DataType": "String",
                "StringValue": message.trace,
            }
            request["MessageSystemAttributes"] = {"AWSTraceHeader": trace}
        fifo = self.url.endswith(".fifo")
        # In other queues, a group is what keeps a backfill from going before new files.
        if group := message.group or ("redrive" if fifo else None):
            request["MessageGroupId"] = group
        if fifo:
            # An id of its own: with that of the original, a queue may drop it as a repetition.
            request["MessageDeduplicationId"] = f"redrive-{message.id}"
        with self._errors("written", "sqs:SendMessage"):
            return self._client().send_message(**request)["MessageId"]

    def delete(self, message: QueueMessage) -> None:
        """Delete a message; see `Queue.delete`."""
        with self._errors("made to delete a message", "sqs:DeleteMessage"):
            self._client().delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)

    def _client(self) -> SQSClient:
        if self._made is None:
            found = _REGION.match(urlsplit(self.url).hostname or "")
            self._made = self._make_client((found[1] or found[2]) if found else None)
        return self._made

    @contextmanager
    def _errors(self, done: str, action: str) -> Iterator[None]:
        try:
            yield
        except AWS_ERRORS as error:
            failure = read_error(error)
            message = f"{self.url} cannot be {done}: {failure.sentence}."
            advice = f"Check the address and the region, and allow {action}."
            raise QueueError(message, failure.login or advice) from error


def _message(found: MessageTypeDef) -> QueueMessage:
    facts = found.get("Attributes", {})
    sent = facts.get("SentTimestamp")
    return QueueMessage(
        id=found.get("MessageId", ""),
        receipt=found.get("ReceiptHandle", ""),
        body=found.get("Body", ""),
        sent=int(sent) if sent else None,
        receives=int(facts.get("ApproximateReceiveCount", 0)),
        attributes={
            name: _attribute(value) for name, value in found.get("MessageAttributes", {}).items()
        },
        trace=facts.get("AWSTraceHeader"),
        group=facts.get("MessageGroupId"),
    )


def _attribute(value: MessageAttributeValueOutputTypeDef) -> MessageAttributeValueTypeDef:
    """What may be sent of an attribute: an answer may hold empty lists, which SQS refuses."""
    sendable: MessageAttributeValueTypeDef = {"DataType": value["DataType"]}
    if "StringValue" in value:
        sendable["StringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        sendable["BinaryValue"] = value["BinaryValue"]
    return sendable
