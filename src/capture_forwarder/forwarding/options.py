"""What forwarding a capture file takes: a route's settings, an invocation."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import msgspec


class RouteOptions(msgspec.Struct, frozen=True):
    """How a route's files are forwarded; `route` is its name in ledger and quarantine.

    Parameters
    ----------
    max_line_bytes
        Longer lines are quarantined unread.
    requests_in_flight
        How many requests may be in flight at once.
    retry_seconds
        How long a batch is tried before the platform counts as down.
    lease_seconds
        How long an invocation that died keeps others from its file.
    max_cast_failures
        The share of rows, from 0 to 1, in which a column may fail its type before the file is
        held; None for any.
    max_refused
        The share of rows, from 0 to 1, that the platform may refuse before the file is held.
    delay_seconds
        How long a new file waits in the function's own queue before it is read.
    """

    route: str
    max_line_bytes: int
    requests_in_flight: int = 12
    retry_seconds: float = 60.0
    lease_seconds: float = 60.0
    max_cast_failures: float | None = None
    max_refused: float = 0.25
    delay_seconds: int = 0


def _never() -> bool:
    return False


def _unheard(rows: int) -> None:
    del rows


class Invocation(msgspec.Struct, frozen=True):
    """One call of the function: its name in the ledger; its end in the clock's monotonic time.

    Without a name it gets one of its own: two invocations of one name would share a lease. One
    that is `impatient` tries each batch only once, since the platform seems to be down.
    `is_stopped` says whether it is to end as soon as what is in flight is settled; `on_settled` is
    called, from any thread, with how many more rows are.
    """

    owner: str = msgspec.field(default_factory=lambda: str(uuid4()))
    deadline: float | None = None
    impatient: bool = False
    is_stopped: Callable[[], bool] = _never
    on_settled: Callable[[int], None] = _unheard
