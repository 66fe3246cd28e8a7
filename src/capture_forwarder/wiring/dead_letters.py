"""Addresses of queues → their messages, looked at or sent back."""

from __future__ import annotations

from capture_forwarder.core.errors import UnknownEventError, UsageError
from capture_forwarder.core.ports.operator import Queue
from capture_forwarder.dead_letters.letters import Announced
from capture_forwarder.dead_letters.redrive import DeadLetterRedrive
from capture_forwarder.triggers import read_event


def open_queue(url: str) -> Queue:
    """Open an SQS queue; connects to nothing yet.

    Raises
    ------
    UsageError
        It is not the address of a queue.
    """
    from capture_forwarder.aws.clients import sqs_client  # noqa: PLC0415 - boto3 takes its time
    from capture_forwarder.aws.queues import SqsQueue  # noqa: PLC0415

    if not url.startswith(("https://", "http://")):
        example = "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
        raise UsageError(f"{url} is not the address of a queue.", f"Write it as {example}.")
    return SqsQueue(sqs_client, url)


def build_redrive(url: str, target_url: str, limit: int | None = None) -> DeadLetterRedrive:
    """Build what sends the messages of a dead-letter queue to another queue.

    Parameters
    ----------
    url, target_url
        The dead-letter queue, and the function's queue.
    limit
        The most messages to send; None for all.

    Raises
    ------
    UsageError
        One of them is not the address of a queue, or both are the same.
    """
    queue, target = open_queue(url), open_queue(target_url)
    if url.rstrip("/") == target_url.rstrip("/"):
        problem = f"{url} is both the dead-letter queue and the queue to send to."
        raise UsageError(problem, "Name the function's own queue as the one to send to.")
    return DeadLetterRedrive(queue, target, limit)


def announced_files(body: str) -> Announced:
    """Read a message's body as the function does: what it announces.

    Raises
    ------
    UnknownEventError
        The function cannot read it.
    """
    record = {"messageId": "1", "eventSource": "aws:sqs", "body": body}
    (message,) = read_event({"Records": [record]}).messages
    if message.problem is not None:
        raise UnknownEventError(message.problem)
    backfill = None if message.listing is None else message.listing.id
    return Announced(message.capture_files, backfill)
