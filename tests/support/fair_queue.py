"""The function's queue as SQS has it, fast enough for many messages: fair, with delays and tries.

Its calls go through botocore's own validation. moto hands out a thousand messages in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.support.aws_answers import AwsAnswers, Parameters

MOST_TRIES = 5


@dataclass
class Message:
    """A message in the queue; `due` is when it may be handed out."""

    id: str
    body: str
    group: str | None
    due: float
    receives: int = 0

    def record(self) -> dict[str, Any]:
        """The message as Lambda hands it to the function."""
        return {
            "eventSource": "aws:sqs",
            "messageId": self.id,
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.receives)},
        }


@dataclass
class FairQueue:
    """A queue whose time passes as a test says.

    Parameters
    ----------
    aws
        Where its calls come from.
    refuse_every
        Of so many entries of batches, one is not accepted at its first try; 0 for none.
    """

    aws: AwsAnswers
    refuse_every: int = 0
    time: float = 0.0
    waiting: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    most: int = 0
    batches: int = 0

    def __post_init__(self) -> None:
        self._ids = count(1)
        self._entries = 0
        self.aws.answer("SendMessage", self._send)
        self.aws.answer("SendMessageBatch", self._send_batch)
        self.aws.answer("GetQueueAttributes", self._attributes)

    def put(self, body: str, group: str | None = None, delay: float = 0.0) -> None:
        """Put a message into the queue."""
        self.waiting.append(Message(str(next(self._ids)), body, group, self.time + delay))
        self.most = max(self.most, len(self.waiting))

    def take(self, most: int = 10) -> list[Message]:
        """Hand out what is due: what has no group first, and then in the order of sending."""
        due = [one for one in self.waiting if one.due <= self.time]
        taken = sorted(due, key=lambda one: one.group is not None)[:most]
        ids = {one.id for one in taken}
        self.waiting = [one for one in self.waiting if one.id not in ids]
        for one in taken:
            one.receives += 1
        return taken

    def back(self, message: Message, after: float = 360.0) -> None:
        """Have a message that failed come again, or go to the dead letters."""
        if message.receives >= MOST_TRIES:
            self.dead.append(message)
            return
        message.due = self.time + after
        self.waiting.append(message)

    def _send(self, parameters: Parameters) -> dict[str, Any]:
        delay = parameters.get("DelaySeconds", 0)
        assert 0 <= delay <= 900
        self.put(parameters["MessageBody"], parameters.get("MessageGroupId"), delay)
        return {"MessageId": "sent", "MD5OfMessageBody": ""}

    def _send_batch(self, parameters: Parameters) -> dict[str, Any]:
        entries = parameters["Entries"]
        self.batches += 1
        assert 1 <= len(entries) <= 10
        assert sum(len(one["MessageBody"].encode()) for one in entries) <= 1_048_576
        done, refused = [], []
        for one in entries:
            self._entries += 1
            if self.refuse_every and self._entries % self.refuse_every == 0:
                refused.append(
                    {"Id": one["Id"], "SenderFault": False, "Code": "InternalError", "Message": ""}
                )
            else:
                self.put(one["MessageBody"], one.get("MessageGroupId"))
                done.append({"Id": one["Id"], "MessageId": "sent", "MD5OfMessageBody": ""})
        return {"Successful": done, "Failed": refused}

    def _attributes(self, parameters: Parameters) -> dict[str, Any]:
        del parameters
        due = sum(one.due <= self.time for one in self.waiting)
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(due),
                "ApproximateNumberOfMessagesNotVisible": "1",
                "ApproximateNumberOfMessagesDelayed": str(len(self.waiting) - due),
            }
        }
