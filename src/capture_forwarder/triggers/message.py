"""What an event asks for, in values."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from capture_forwarder.core.capture_file import CaptureFile


class Source(StrEnum):
    """What invoked the function, which decides how it is answered."""

    S3 = "s3"
    SNS = "sns"
    EVENTBRIDGE = "eventbridge"
    SQS = "sqs"
    S3_BATCH = "s3-batch"


class Message(msgspec.Struct, frozen=True):
    """The unit that is acknowledged or not: a message, a batch task, or the event itself.

    Parameters
    ----------
    id
        What the source calls it: an SQS message id, an S3 Batch task id, else its place.
    objects
        The capture objects it announces; none for a test event.
    problem
        Why it could not be read; such a message fails alone.
    hops
        How often an invocation whose time was up has handed these objects on.
    routes
        The routes that it is for; all of them if none is named.
    """

    id: str
    objects: tuple[CaptureFile, ...] = ()
    problem: str | None = None
    hops: int = 0
    routes: frozenset[str] = frozenset()


class Trigger(msgspec.Struct, frozen=True):
    """An event, read: where it came from and what it delivers."""

    source: Source
    messages: tuple[Message, ...]
