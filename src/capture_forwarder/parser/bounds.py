"""How much one line may hold, so that no line takes the memory of a function for itself.

A value takes about a hundred bytes once it is read, however few it was written with, and a record
several hundred more. The function has 512 MB, of which a line of 16 MiB as text takes 100.
"""

from __future__ import annotations

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.rejected import RejectedError

MOST_VALUES = 1_000_000
"""Values of a payload; lists and objects inside JSON count, too."""
MOST_RECORDS = 200_000
"""Records of a payload."""
MOST_READINGS = 64
"""Ways to read a payload by position, and pairs of readings that are equally good."""
LARGE_BYTES = 256 * 1024
"""What is no longer than this is never too much."""

_VALUES_OF_AN_OBJECT = 3  # as much memory as an object takes


def holds_too_much(text: str) -> bool:
    """Whether a text may hold more than `MOST_VALUES` values: what parts them is counted."""
    if _VALUES_OF_AN_OBJECT * len(text) < MOST_VALUES:
        return False
    count = sum(map(text.count, ",\n["))
    return count + _VALUES_OF_AN_OBJECT * text.count("{") >= MOST_VALUES


def line_holds_too_much(line: bytes) -> bool:
    """Whether a line may hold more values than two payloads can."""
    if _VALUES_OF_AN_OBJECT * len(line) < 2 * MOST_VALUES:
        return False
    count = line.count(b",") + line.count(b"[") + _VALUES_OF_AN_OBJECT * line.count(b"{")
    return count >= 2 * MOST_VALUES


def too_much(name: str) -> RejectedError:
    """Say that a payload holds more than is read."""
    detail = (
        f"The {name} holds more than {MOST_VALUES:,} values or {MOST_RECORDS:,} records, the most "
        "that are read of one call; send the endpoint fewer records at once."
    )
    return RejectedError(Reason.TOO_MANY_VALUES, detail)
