"""An event that invoked the function → its messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote_plus

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UnknownEventError
from capture_forwarder.triggers.continuation import read_continuation
from capture_forwarder.triggers.list_request import read_list_request
from capture_forwarder.triggers.message import Message, Source, Trigger
from capture_forwarder.triggers.notification import (
    Announcement,
    MalformedError,
    describe,
    is_eventbridge,
    parse_body,
    read_notification,
)

_KNOWN = "S3, SNS, SQS, EventBridge (Object Created) and S3 Batch Operations 1.0 and 2.0"


def read_event(event: object) -> Trigger:
    """Find out what invoked the function and which capture files it announces.

    A message that cannot be read becomes a message with a problem, so that it fails alone.

    Parameters
    ----------
    event
        The event as Lambda passes it on: decoded JSON.

    Raises
    ------
    UnknownEventError
        The event as a whole has no known form; the error names its keys.
    """
    if isinstance(event, Mapping):
        if "tasks" in event and "invocationSchemaVersion" in event:
            return _s3_batch(event)
        if is_eventbridge(event):
            return Trigger(Source.EVENTBRIDGE, (_message("0", event, read_notification),))
        records = event.get("Records")
        if event.get("Event") == "s3:TestEvent" or records == []:
            return Trigger(Source.S3, (_message("0", event, read_notification),))
        if isinstance(records, list):
            return _records(records)
    message = f"The function was invoked with {describe(event)}, which it cannot read."
    raise UnknownEventError(message, f"It takes events of {_KNOWN}.")


def _records(records: Sequence[object]) -> Trigger:
    first = records[0] if isinstance(records[0], Mapping) else {}
    if first.get("eventSource") == "aws:sqs":
        return Trigger(Source.SQS, tuple(_sqs_message(record) for record in records))
    if first.get("EventSource") == "aws:sns":
        numbered = enumerate(records)
        return Trigger(
            Source.SNS, tuple(_message(str(n), record, _sns_record) for n, record in numbered)
        )
    if "s3" in first:
        numbered = enumerate(records)
        return Trigger(
            Source.S3, tuple(_message(str(n), record, _s3_record) for n, record in numbered)
        )
    message = (
        f"The function was invoked with records, the first of which is {describe(records[0])}."
    )
    raise UnknownEventError(message, f"It takes events of {_KNOWN}.")


def _message(name: str, message: object, read: Callable[[object], Announcement]) -> Message:
    try:
        announced = read(message)
        return Message(name, announced.capture_files, announced.skipped)
    except MalformedError as error:
        return Message(name, problem=f"The message holds {error}.")


def _s3_record(record: object) -> Announcement:
    return read_notification({"Records": [record]})


def _sns_record(record: object) -> Announcement:
    envelope = record.get("Sns") if isinstance(record, Mapping) else None
    return read_notification(envelope)


def _sqs_message(record: object) -> Message:
    name = _message_id(record)
    try:
        body = parse_body(record.get("body") if isinstance(record, Mapping) else None)
        receives = _receives(record)
        if (listing := read_list_request(body)) is not None:
            return Message(name, receives=receives, listing=listing)
        hops, routes = read_continuation(body)
        announced = read_notification(body)
        return Message(
            name,
            announced.capture_files,
            announced.skipped,
            hops=hops,
            routes=routes,
            receives=receives,
        )
    except MalformedError as error:
        return Message(name, problem=f"The message holds {error}.")


def _message_id(record: object) -> str:
    name = record.get("messageId") if isinstance(record, Mapping) else None
    if not isinstance(name, str) or not name:
        # Without its id a failed message could not be named, and naming none means success.
        message = "The function was invoked with an SQS record that has no messageId."
        raise UnknownEventError(message)
    return name


def _receives(record: object) -> int:
    attributes = record.get("attributes") if isinstance(record, Mapping) else None
    count = attributes.get("ApproximateReceiveCount") if isinstance(attributes, Mapping) else None
    return int(count) if isinstance(count, str) and count.isascii() and count.isdigit() else 0


def _s3_batch(event: Mapping[str, object]) -> Trigger:
    tasks = event["tasks"]
    if not isinstance(tasks, list) or not tasks:
        message = "The S3 Batch Operations event has no tasks."
        raise UnknownEventError(message)
    if "invocationId" not in event:
        # The answer must repeat it; finding that out after the work would be too late.
        message = "The S3 Batch Operations event has no invocationId."
        raise UnknownEventError(message)
    messages = []
    for task in tasks:
        if not isinstance(task, Mapping) or not isinstance(task.get("taskId"), str):
            message = f"The S3 Batch Operations event has a task without an id: {describe(task)}."
            raise UnknownEventError(message)
        messages.append(_message(str(task["taskId"]), task, _batch_task))
    return Trigger(Source.S3_BATCH, tuple(messages))


def _batch_task(task: object) -> Announcement:
    """Read a task; schema 1.0 names the bucket by its ARN, 2.0 by its name."""
    facts = task if isinstance(task, Mapping) else {}
    bucket = facts.get("s3Bucket") or str(facts.get("s3BucketArn") or "").rpartition(":::")[2]
    key = facts.get("s3Key")
    if not isinstance(bucket, str) or not bucket or not isinstance(key, str) or not key:
        text = f"no bucket or no key: {describe(task)}"
        raise MalformedError(text)
    version = facts.get("s3VersionId")
    version = version if isinstance(version, str) and version else None
    return Announcement((CaptureFile(bucket, unquote_plus(key), version),))
