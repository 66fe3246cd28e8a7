"""What looking at messages and sending them again share: how many at once, and giving them back."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports.operator import Queue, QueueMessage

MOST_AT_ONCE = 10
"""How many messages are received at once, which is all that SQS allows."""


def give_back(queue: Queue, messages: Iterable[QueueMessage]) -> None:
    """Show messages to other readers again; where that fails, the queue does it a little later."""
    with suppress(ForwarderError):
        queue.give_back(list(messages))
