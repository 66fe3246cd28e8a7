"""A queue whose messages can be looked at, sent again and deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class QueueMessage:
    """A message as a queue holds it.

    Parameters
    ----------
    id
        What the queue calls it.
    receipt
        What the queue needs to delete it, or to show it to others again.
    body, attributes
        What it says; shown in no log.
    sent
        When it was sent, in milliseconds since 1970, if the queue says so.
    receives
        How many times it has been received.
    trace, group
        Its trace header and its group, if it has them.
    """

    id: str
    receipt: str = field(repr=False)
    body: str = field(repr=False)
    sent: int | None
    receives: int
    attributes: Mapping[str, object] = field(repr=False)
    trace: str | None = None
    group: str | None = None


class Queue(Protocol):
    """A queue whose messages can be looked at, sent again and deleted."""

    def count(self) -> int:
        """About how many messages the queue holds, received ones included.

        Raises
        ------
        QueueError
            The queue cannot be reached.
        """
        ...

    def receive(self, most: int) -> list[QueueMessage]:
        """Receive some messages, which hides them from others for a while; none if it is empty.

        Raises
        ------
        QueueError
            The queue cannot be read.
        """
        ...

    def give_back(self, messages: Sequence[QueueMessage]) -> None:
        """Show received messages to others again at once.

        Raises
        ------
        QueueError
            That failed; the messages are shown again by themselves a little later.
        """
        ...

    def send(self, message: QueueMessage) -> str:
        """Send a message with the body and attributes of another; return its new id.

        Raises
        ------
        QueueError
            The queue did not accept it.
        """
        ...

    def delete(self, message: QueueMessage) -> None:
        """Delete a message.

        Raises
        ------
        QueueError
            The message is still there.
        """
        ...
