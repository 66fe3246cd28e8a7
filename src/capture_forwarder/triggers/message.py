"""What an event brings: messages, and the capture files they announce."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.listing import ListRequest


class Source(StrEnum):
    """What invoked the function, which decides how it is answered."""

    S3 = "s3"
    SNS = "sns"
    EVENTBRIDGE = "eventbridge"
    SQS = "sqs"
    S3_BATCH = "s3-batch"


class Message(msgspec.Struct, frozen=True):
    """The unit that is acknowledged or not: an SQS message, a batch task, or the event itself.

    Parameters
    ----------
    id
        What the source calls it: an SQS message id, an S3 Batch task id, else its number.
    capture_files
        The capture files it announces.
    skipped
        For each part of it that is about no new file, what it is: a test event, for example.
    problem
        Why it could not be read; such a message fails alone.
    hops
        How many times these capture files have been continued by a later invocation.
    routes
        The routes that it is for; all of them if it names none.
    receives
        How many times the queue has handed it out, as far as is known.
    listing
        The listing that it asks for, in place of capture files.
    """

    id: str
    capture_files: tuple[CaptureFile, ...] = ()
    skipped: tuple[str, ...] = ()
    problem: str | None = None
    hops: int = 0
    routes: frozenset[str] = frozenset()
    receives: int = 0
    listing: ListRequest | None = None


class Trigger(msgspec.Struct, frozen=True):
    """An event, read: where it came from and its messages."""

    source: Source
    messages: tuple[Message, ...]
