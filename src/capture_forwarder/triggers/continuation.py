"""The message with which an invocation leaves the rest of a capture file to a later one.

It is an S3 notification, so that every reader of the queue understands it, with one more field
that counts the hops and names the routes on which the file is not done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

from capture_forwarder.core.capture_file import CaptureFile

_FIELD = "captureForwarder"


def write_continuation(capture_file: CaptureFile, hops: int, routes: Sequence[str]) -> str:
    """Write the message's body.

    Parameters
    ----------
    capture_file
        The file that is not done.
    hops
        How many times the file has been continued, this time included.
    routes
        The names of the routes on which it is not done.
    """
    described: dict[str, object] = {"key": quote_plus(capture_file.key, safe="/")}
    if capture_file.version_id:
        described["versionId"] = capture_file.version_id
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": capture_file.bucket}, "object": described},
    }
    return json.dumps({"Records": [record], _FIELD: {"hops": hops, "routes": list(routes)}})


def read_continuation(message: object) -> tuple[int, frozenset[str]]:
    """Return how many times a message's file has been continued, and the routes it is for.

    Any other message is no continuation, and names no routes: it is for all of them.
    """
    facts = message.get(_FIELD) if isinstance(message, Mapping) else None
    if not isinstance(facts, Mapping):
        return 0, frozenset()
    hops, routes = facts.get("hops"), facts.get("routes")
    names = routes if isinstance(routes, list) else []
    return (
        hops if type(hops) is int and hops > 0 else 0,
        frozenset(name for name in names if isinstance(name, str)),
    )
