"""The messages of a dead-letter queue, sent back to the queue that they failed in.

SQS can do that itself (StartMessageMoveTask). Moving them one by one can stop after a number of
messages, shows how far it is, says why a message could not be sent, and does not send a message
again that fails once more and comes back in the meantime.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports.operator import Queue, QueueMessage
from capture_forwarder.dead_letters.receiving import MOST_AT_ONCE, give_back


@dataclass
class Moved:
    """What became of the messages.

    Parameters
    ----------
    sent
        How many were sent.
    undeleted
        How many of those are still in the dead-letter queue as well.
    came_back
        How many failed once more in the meantime; they stay in the dead-letter queue.
    error
        What ended the work early, if something did.
    """

    sent: int = 0
    undeleted: int = 0
    came_back: int = 0
    error: ForwarderError | None = None


class DeadLetterRedrive:
    """Sends messages back.

    A message is deleted only after the target has accepted it: work that ends in between leaves
    it in both queues, never in none.

    Parameters
    ----------
    queue, target
        Where the messages are, and where they go.
    limit
        The most messages to send; None for all.
    """

    def __init__(self, queue: Queue, target: Queue, limit: int | None = None) -> None:
        self._queue = queue
        self._target = target
        self._limit = limit
        self.moved = Moved()

    def run(self) -> Iterator[None]:
        """Send the messages; yields after each one, and ends with `moved.error` set if one fails.

        A generator that is closed early gives back what it has not sent.
        """
        moved = self.moved
        own: set[str] = set()  # ids of what was sent here; SQS keeps them for what fails again
        received: dict[str, QueueMessage] = {}
        try:
            while self._limit is None or moved.sent < self._limit:
                most = MOST_AT_ONCE if self._limit is None else self._limit - moved.sent
                found = self._queue.receive(most)
                if all(message.id in received for message in found):
                    return
                received.update((message.id, message) for message in found)
                for message in found:
                    if message.id in own:
                        continue
                    own.add(self._target.send(message))
                    moved.sent += 1
                    moved.undeleted += 1
                    self._queue.delete(message)
                    moved.undeleted -= 1
                    del received[message.id]
                    yield
        except ForwarderError as error:
            moved.error = error
        finally:
            moved.came_back = len(received.keys() & own)
            give_back(self._queue, received.values())
