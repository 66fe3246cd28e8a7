"""What every ledger says when a lease stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime

from capture_forwarder.core.errors import LeaseLostError, ObjectBusyError
from capture_forwarder.core.model import LedgerKey


def describe(key: LedgerKey) -> str:
    """Name the object and the route."""
    return f"s3://{key.bucket}/{key.key} (route {key.route})"


def busy(key: LedgerKey, until: float) -> ObjectBusyError:
    """Another owner's lease lasts until so many seconds after 1970."""
    time = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
    message = f"Another invocation works on {describe(key)}; its lease lasts until {time}."
    advice = "It is tried again on the next delivery; the lease of one that was killed runs out."
    return ObjectBusyError(message, advice)


def lost(key: LedgerKey) -> LeaseLostError:
    """The lease is not the caller's any more."""
    message = f"The lease on {describe(key)} ran out and was taken over, or was given back."
    return LeaseLostError(message, "Whoever holds it now goes on from the saved place.")
