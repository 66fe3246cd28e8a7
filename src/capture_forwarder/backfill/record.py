"""What the ledger holds of a backfill that the function does by itself.

A backfill has an item as a capture file has, with the same rules: one invocation at a time works on
it, and what is recorded only moves forward. Its requests are counted, so that a request that comes
twice is known to be done, and no two chains of requests go on side by side.
"""

from __future__ import annotations

from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.listing import ListRequest

_ROUTE = "backfill"


def ledger_key(backfill: str) -> LedgerKey:
    """The key of a backfill in the ledger; no capture file has it, since none is in no bucket."""
    return LedgerKey("", backfill, "", _ROUTE)


def recorded(request: ListRequest) -> Position:
    """What the ledger keeps once all requests before this one are done.

    Its `offset` is the number of the request, which is what counts. `lines` and `rows` are the
    files that were announced and those that were passed over, for whoever asks how far it is.
    """
    return Position(request.step, request.sent, request.passed_over)
