"""What the ledger is asked and answers, and what it says when a lease stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from capture_forwarder.core.errors import CaptureFileBusyError, LeaseLostError
from capture_forwarder.core.line import Position


class LedgerKey(msgspec.Struct, frozen=True):
    """What the ledger keeps a position for: one revision of a capture file on one route.

    `revision` is the version id where the bucket has versions, else the ETag, so that a file
    that was overwritten is not taken for the one that was delivered.
    """

    bucket: str
    key: str
    revision: str
    route: str


class Claim(msgspec.Struct, frozen=True):
    """What the ledger says when work on a file begins: where to go on, or that it is done."""

    position: Position
    finished: bool = False


def describe(key: LedgerKey) -> str:
    """Name the file and the route."""
    return f"s3://{key.bucket}/{key.key} (route {key.route})"


def busy(key: LedgerKey, until: float) -> CaptureFileBusyError:
    """Another owner's lease lasts until so many seconds after 1970."""
    time = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
    message = f"Another invocation works on {describe(key)}; its lease lasts until {time}."
    advice = "It is tried again on the next delivery; the lease of one that was killed runs out."
    return CaptureFileBusyError(message, advice)


def lost(key: LedgerKey) -> LeaseLostError:
    """The lease is not the caller's any more."""
    message = f"The lease on {describe(key)} ran out and was taken over, or was given back."
    return LeaseLostError(message, "Whoever holds it now goes on from the saved position.")
