"""The message by which an invocation hands the rest of an object on to a later one.

It is an S3 notification, so that every reader of the queue understands it, with one more field
that counts the hops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote_plus

from capture_forwarder.model import CaptureObject

_FIELD = "captureForwarder"


def write_continuation(source: CaptureObject, hops: int) -> str:
    """Write the message's body.

    Parameters
    ----------
    source
        The object that is not done.
    hops
        How often it was handed on, this time included.
    """
    described: dict[str, object] = {"key": quote_plus(source.key, safe="/")}
    if source.version_id:
        described["versionId"] = source.version_id
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": source.bucket}, "object": described},
    }
    return json.dumps({"Records": [record], _FIELD: {"hops": hops}})


def hops_of(message: object) -> int:
    """Return how often a message's object was handed on; 0 for any other message."""
    facts = message.get(_FIELD) if isinstance(message, Mapping) else None
    hops = facts.get("hops") if isinstance(facts, Mapping) else None
    return hops if type(hops) is int and hops > 0 else 0
