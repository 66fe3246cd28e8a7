"""Backfills that the function does by itself, as an operator sees and stops them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position


@dataclass(frozen=True)
class RecordedWork:
    """An item of the ledger: how far, whether it is over, and when it was last written."""

    position: Position
    finished: bool
    written: datetime


class Backfills(Protocol):
    """The ledger's items of backfills; all methods raise `AccountError`."""

    def find(self, key: LedgerKey) -> RecordedWork | None:
        """What is recorded; None if no request has been taken up yet."""
        ...

    def end(self, key: LedgerKey) -> None:
        """Record that it is over, whoever works on it, and also if it has not begun."""
        ...
