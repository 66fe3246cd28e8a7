"""A backfill that the function does by itself is begun, looked at and stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from capture_forwarder.backfill.record import ledger_key
from capture_forwarder.backfill.selection import Selection
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.ports.operator import Backfills, RecordedWork


@dataclass(frozen=True)
class BackfillState:
    """How far a backfill is, as far as its last request that is done says.

    Parameters
    ----------
    id
        Its name.
    begun
        Whether a request of it has been taken up.
    over
        Whether it is done, or was stopped.
    steps
        How many of its requests are done.
    sent, passed_over
        How many files were announced, and how many the route does not take.
    written
        When that was recorded; None if it has not begun.
    """

    id: str
    begun: bool = False
    over: bool = False
    steps: int = 0
    sent: int = 0
    passed_over: int = 0
    written: datetime | None = None


def first_request(selection: Selection, waiting: int, now: datetime) -> ListRequest:
    """Make the request that a backfill begins with.

    Parameters
    ----------
    selection
        Which files.
    waiting
        How many messages the queue may hold.
    now
        The time, which is part of the backfill's name.
    """
    return ListRequest(
        f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:6]}",
        tuple(f"s3://{place.bucket}/{place.prefix}" for place in selection.places),
        selection.since,
        selection.until,
        selection.endpoint,
        selection.variant,
        selection.route,
        waiting,
    )


def state_of(backfills: Backfills, name: str) -> BackfillState:
    """Look at how far a backfill is.

    Raises
    ------
    AccountError
        AWS refuses.
    """
    found = backfills.find(ledger_key(name))
    return BackfillState(name) if found is None else _state(name, found)


def stop(backfills: Backfills, name: str) -> None:
    """Stop a backfill: the function announces no more of it than the part that it is at.

    Raises
    ------
    AccountError
        AWS refuses.
    """
    backfills.end(ledger_key(name))


def _state(name: str, found: RecordedWork) -> BackfillState:
    place = found.position
    return BackfillState(
        name,
        begun=True,
        over=found.finished,
        steps=place.offset,
        sent=place.lines,
        passed_over=place.rows,
        written=found.written,
    )
