"""The messages of a dead-letter queue, looked at: which capture files they announce."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UnknownEventError
from capture_forwarder.core.ports.operator import Queue, QueueMessage
from capture_forwarder.dead_letters.receiving import MOST_AT_ONCE, give_back


@dataclass(frozen=True)
class Announced:
    """What a message is about: capture files, or the step of a backfill, by the backfill's id."""

    capture_files: tuple[CaptureFile, ...] = ()
    backfill: str | None = None


ReadBody = Callable[[str], Announced]
"""Reads a message's body as the function does; raises `UnknownEventError` where it cannot."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that failed too often.

    Parameters
    ----------
    id
        What the queue calls it.
    sent
        When it was sent, if the queue says so.
    receives
        How many times it has been received.
    capture_files
        The capture files that it announces; none for a test event.
    backfill
        The detached backfill that it is a step of, by its id.
    problem
        Why the function cannot read it, if it cannot.
    """

    id: str
    sent: datetime | None
    receives: int
    capture_files: tuple[CaptureFile, ...] = ()
    backfill: str | None = None
    problem: str | None = None


def look(queue: Queue, limit: int | None, read_body: ReadBody) -> Generator[DeadLetter]:
    """Look at messages, each once; they are given back when the last one was seen.

    Parameters
    ----------
    queue
        The dead-letter queue.
    limit
        The most messages to look at; None for all.
    read_body
        Reads what a message announces.

    Raises
    ------
    QueueError
        The queue cannot be read.
    """
    seen: dict[str, QueueMessage] = {}
    try:
        while limit is None or len(seen) < limit:
            found = queue.receive(MOST_AT_ONCE if limit is None else limit - len(seen))
            fresh = [message for message in found if message.id not in seen]
            seen.update((message.id, message) for message in found)
            if not fresh:
                return
            for message in fresh:
                yield _letter(message, read_body)
    finally:
        give_back(queue, seen.values())


def _letter(message: QueueMessage, read_body: ReadBody) -> DeadLetter:
    sent = None if message.sent is None else datetime.fromtimestamp(message.sent / 1000, UTC)
    try:
        announced = read_body(message.body)
    except UnknownEventError as error:
        return DeadLetter(message.id, sent, message.receives, problem=error.message)
    files, backfill = announced.capture_files, announced.backfill
    return DeadLetter(message.id, sent, message.receives, files, backfill)
