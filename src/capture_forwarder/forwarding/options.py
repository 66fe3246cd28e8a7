"""What forwarding a capture file takes: a route's settings, an invocation."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True)
class RouteOptions:
    """How a route's objects are forwarded; `route` is its name in ledger and quarantine.

    Parameters
    ----------
    max_line_bytes
        Longer lines are quarantined unread.
    requests_in_flight
        How many requests may be in flight at once.
    retry_seconds
        How long a batch is tried before the platform counts as down.
    lease_seconds
        How long an invocation that died keeps others from its object.
    """

    route: str
    max_line_bytes: int
    requests_in_flight: int = 8
    retry_seconds: float = 60.0
    lease_seconds: float = 60.0


class Invocation(msgspec.Struct, frozen=True):
    """One call of the function: its name in the ledger; its end in the clock's monotonic time."""

    owner: str = ""
    deadline: float | None = None
