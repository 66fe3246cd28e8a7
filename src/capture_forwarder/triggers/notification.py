"""One notification → the capture files it announces, whatever it is wrapped in.

Forms: the S3 notification message (versions 2.0 to 2.6), the S3 test event, the events of S3 in
EventBridge, and an SNS notification or raw SNS message of the first two. Source: AWS, "Event
message structure", "Supported event types" and "EventBridge event message structure" in the S3
user guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import unquote_plus

import msgspec

from capture_forwarder.core.capture_file import CaptureFile

_DEEPEST_WRAPPING = 3
_NOT_NEW = (
    "IntelligentTiering",
    "LifecycleExpiration",
    "LifecycleTransition",
    "ObjectAcl",
    "ObjectRemoved",
    "ObjectRestore",
    "ObjectTagging",
    "ReducedRedundancyLostObject",
    "Replication",
)
_NOT_NEW_IN_EVENTBRIDGE = (
    "Object ACL Updated",
    "Object Access Tier Changed",
    "Object Deleted",
    "Object Restore Completed",
    "Object Restore Expired",
    "Object Restore Initiated",
    "Object Storage Class Changed",
    "Object Tags Added",
    "Object Tags Deleted",
)


class Announcement(msgspec.Struct, frozen=True):
    """What a notification announces.

    Parameters
    ----------
    capture_files
        The new files.
    skipped
        For each part of it that is about no new file, what it is.
    """

    capture_files: tuple[CaptureFile, ...] = ()
    skipped: tuple[str, ...] = ()


class MalformedError(ValueError):
    """A message has no known form; says what it holds instead, and quotes no values."""


def read_notification(message: object, depth: int = 0) -> Announcement:
    """Read what a decoded notification announces.

    Parameters
    ----------
    message
        The JSON document of an S3, SNS or EventBridge notification.
    depth
        How many wrappings were removed already.

    Raises
    ------
    MalformedError
        It has no known form, or lacks a bucket or key.
    """
    if not isinstance(message, Mapping):
        text = f"a JSON {type(message).__name__} instead of an object"
        raise MalformedError(text)
    if message.get("Event") == "s3:TestEvent":
        return Announcement(skipped=("a test event of S3",))
    if is_eventbridge(message):
        return _eventbridge_event(message)
    if isinstance(records := message.get("Records"), list):
        if not records:
            return Announcement(skipped=("a notification without records",))
        read = [_s3_record(record) for record in records]
        return Announcement(
            tuple(one for one in read if isinstance(one, CaptureFile)),
            tuple(one for one in read if isinstance(one, str)),
        )
    if isinstance(inner := message.get("Message"), str) and depth < _DEEPEST_WRAPPING:
        return read_notification(parse_body(inner), depth + 1)
    text = f"no known form of notification: {describe(message)}"
    raise MalformedError(text)


def parse_body(body: object) -> object:
    """Decode the JSON text of a message.

    Raises
    ------
    MalformedError
        It is not text, or not JSON.
    """
    if not isinstance(body, str):
        text = "a body that is not text"
        raise MalformedError(text)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        text = "a body that is not JSON"
        raise MalformedError(text) from error


def is_eventbridge(message: Mapping[str, object]) -> bool:
    """Whether this is an EventBridge event of S3."""
    return message.get("source") == "aws.s3" and "detail" in message


def describe(message: object) -> str:
    """Describe a document by its keys, never by its values."""
    if isinstance(message, Mapping):
        keys = ", ".join(sorted(str(key) for key in message)[:12])
        return f"an object with the keys {keys}" if keys else "an empty object"
    return f"a JSON {type(message).__name__}"


def _s3_record(record: object) -> CaptureFile | str:
    """Read a record: the new file, or what happened to a file that is not new."""
    name = record.get("eventName") if isinstance(record, Mapping) else None
    if isinstance(name, str):
        kind = name.removeprefix("s3:").partition(":")[0]
        if kind in _NOT_NEW:
            return f"an event of S3 that announces no new file: {kind}"
        if kind != "ObjectCreated":
            text = "an event of S3 with an eventName that S3 does not have"
            raise MalformedError(text)
    s3 = _member(record, "s3")
    described = _member(s3, "object")
    # Keys in S3 notifications are form-encoded: a plus sign is a space.
    key = unquote_plus(_text(described, "key"))
    return CaptureFile(_text(_member(s3, "bucket"), "name"), key, _version(described))


def _eventbridge_event(message: Mapping[str, object]) -> Announcement:
    kind = message.get("detail-type")
    if kind in _NOT_NEW_IN_EVENTBRIDGE:
        return Announcement(skipped=(f"an event of S3 that announces no new file: {kind}",))
    if kind != "Object Created":
        text = "an event of S3 with a detail-type that S3 does not have"
        raise MalformedError(text)
    detail = message["detail"]
    described = _member(detail, "object")
    # EventBridge does not encode keys: decoding would break those that hold a plus or a percent.
    key = _text(described, "key")
    bucket = _text(_member(detail, "bucket"), "name")
    return Announcement((CaptureFile(bucket, key, _version(described)),))


def _version(described: Mapping[str, object]) -> str | None:
    version = described.get("versionId", described.get("version-id"))
    return version if isinstance(version, str) and version else None


def _member(parent: object, name: str) -> Mapping[str, object]:
    child = parent.get(name) if isinstance(parent, Mapping) else None
    if not isinstance(child, Mapping):
        text = f"no {name!r} in {describe(parent)}"
        raise MalformedError(text)
    return child


def _text(parent: Mapping[str, object], name: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        text = f"no {name!r} in {describe(parent)}"
        raise MalformedError(text)
    return value
