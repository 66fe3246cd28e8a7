"""The event by which the function is asked to check itself.

It is `{"captureForwarder": {"check": true}}`, and may name a capture file that the function tries
to open: `"file": {"bucket": ..., "key": ...}` beside `check`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from capture_forwarder.core.capture_file import CaptureFile

_FIELD = "captureForwarder"


class SelfCheck(msgspec.Struct, frozen=True):
    """A wish that the function check itself, and the capture file to try, if one is named."""

    capture_file: CaptureFile | None = None


def read_self_check(event: object) -> SelfCheck | None:
    """Read the event of a self-check; None for any other event.

    Parameters
    ----------
    event
        The event as Lambda passes it on: decoded JSON.
    """
    if not isinstance(event, Mapping) or "Records" in event:
        return None
    asked = event.get(_FIELD)
    if not isinstance(asked, Mapping) or asked.get("check") is not True:
        return None
    file = asked.get("file")
    bucket, key = (file.get("bucket"), file.get("key")) if isinstance(file, Mapping) else (0, 0)
    if isinstance(bucket, str) and isinstance(key, str) and bucket and key:
        return SelfCheck(CaptureFile(bucket, key))
    return SelfCheck()
