"""Messages of a dead-letter queue: all of them looked at, or sent back.

SQS has a task of its own for moving them (StartMessageMoveTask). A loop is used instead because
it can stop after so many, shows how far it is, says which message could not be sent, and does not
send a message again that fails and comes back while the loop runs.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports import Queue, QueueMessage

_AT_ONCE = 10


@dataclass
class Moved:
    """What became of the messages.

    Parameters
    ----------
    sent
        How many are in the function's queue.
    undeleted
        How many of those are in the dead-letter queue still.
    came_back
        How many failed once more while the loop ran; they are left.
    error
        What ended the work early.
    """

    sent: int = 0
    undeleted: int = 0
    came_back: int = 0
    error: ForwarderError | None = None


def peek(queue: Queue, limit: int | None) -> Generator[QueueMessage]:
    """Look at messages, each once; they are given back when the last one was seen.

    Raises
    ------
    QueueError
        The queue cannot be read.
    """
    seen: dict[str, QueueMessage] = {}
    try:
        while limit is None or len(seen) < limit:
            found = queue.receive(_AT_ONCE if limit is None else limit - len(seen))
            fresh = [message for message in found if message.id not in seen]
            seen.update((message.id, message) for message in found)
            if not fresh:
                return
            yield from fresh
    finally:
        _give_back(queue, seen.values())


def move(queue: Queue, target: Queue, limit: int | None, moved: Moved) -> Generator[None]:
    """Send messages back; yields when one is sent and deleted.

    Parameters
    ----------
    queue, target
        Where the messages are, and where they go.
    limit
        The most to send.
    moved
        Is told what became of them; holds the error, if one ended the work.
    """
    ours: set[str] = set()  # ids of what was sent here; SQS keeps them for what fails again
    held: dict[str, QueueMessage] = {}
    try:
        while limit is None or moved.sent < limit:
            found = queue.receive(_AT_ONCE if limit is None else limit - moved.sent)
            if all(message.id in held for message in found):
                return
            held.update((message.id, message) for message in found)
            for message in found:
                if message.id in ours:
                    continue
                ours.add(target.send(message))
                moved.sent += 1
                moved.undeleted += 1
                queue.delete(message)
                moved.undeleted -= 1
                del held[message.id]
                yield
    except ForwarderError as error:
        moved.error = error
    finally:
        moved.came_back = len(held.keys() & ours)
        _give_back(queue, held.values())


def _give_back(queue: Queue, messages: Iterable[QueueMessage]) -> None:
    with suppress(ForwarderError):  # they become visible by themselves, only later
        queue.give_back(list(messages))
