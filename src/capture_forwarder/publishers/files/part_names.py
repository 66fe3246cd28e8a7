"""The name of the file for a batch: the same for the same batch, and for no other."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.line import Position

OTHER = "other"
"""Stands for an endpoint, a variant or a file name that the key does not hold."""

UNKNOWN_HOUR = "unknown-hour"
"""Stands for the hour of rows without a known time."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_FOLDER = 63  # as long as SageMaker lets the name of an endpoint be
_LONGEST_STEM = 80
_DIGEST_BYTES = 6


def part_name(batch: Batch, route: str, first_time: object, suffix: str) -> str:
    """Name the file for a batch, as a path with slashes.

    `{endpoint}/{variant}/{yyyy}/{mm}/{dd}/{hh}/{stem}-{digest}-{offset}-{index}{suffix}`

    Parameters
    ----------
    batch
        The batch. The digest distinguishes its capture file, and the file's content, from all
        others; offset and index say where in it the batch begins. A batch
        without a position, such as one from the quarantine, is identified by the ids of its
        inferences.
    route
        The route's name, so that two routes never overwrite each other's files.
    first_time
        The time of the first row in the file, for a capture file whose key holds no hour.
    suffix
        How the file's name ends.

    Returns
    -------
    str
        Letters, digits, `-`, `_`, `.` and slashes, whatever the key holds. No part of
        it begins with `.` or `_`, which many readers take for hidden.
    """
    capture_file = batch.capture_file
    hour = capture_file.capture_hour or _hour(first_time)
    folders = (
        _safe(capture_file.endpoint, _LONGEST_FOLDER),
        _safe(capture_file.variant, _LONGEST_FOLDER),
        hour[:13].replace("-", "/").replace("T", "/") if hour else UNKNOWN_HOUR,
    )
    stem = _safe(capture_file.key.rpartition("/")[2].partition(".")[0], _LONGEST_STEM)
    offset, index = batch.start
    file = f"{stem}-{_digest(batch, route)}-{offset:012d}-{index:06d}{suffix}"
    return "/".join((*folders, file))


def _digest(batch: Batch, route: str) -> str:
    capture_file = batch.capture_file
    identity = [route, capture_file.bucket, capture_file.key, batch.revision]
    if batch.position == Position():
        identity += [inference.id for inference in batch.inferences]
    # Unlike a joined text this is another one for any other list, and unlike JSON it takes
    # every text that a file system may give.
    return hashlib.blake2b(ascii(identity).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _safe(text: str | None, longest: int) -> str:
    return _UNSAFE.sub("-", text or "").lstrip("-_")[:longest] or OTHER


def _hour(time: object) -> str | None:
    """A time in ISO 8601 as such a time in UTC, which it is taken for when it has no offset."""
    if not isinstance(time, str):
        return None
    try:
        then = datetime.fromisoformat(time)
        utc = then.astimezone(UTC) if then.tzinfo else then
    except (ValueError, OverflowError):
        return None
    return utc.isoformat()
