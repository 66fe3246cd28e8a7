"""Time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time, handed in so that tests control it."""

    def now(self) -> datetime:
        """The current time, with its time zone."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed point; never goes backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
