"""How an invocation's time is divided among its capture files."""

from __future__ import annotations

from capture_forwarder.core.ports import Clock
from capture_forwarder.forwarding.options import Invocation

# In so much time some of a file is brought to an end, so that it may be continued.
_SECONDS_TO_ADVANCE = 10.0


class Turns:
    """Divides an invocation's time: a file may take what there is, but the others get some too.

    Parameters
    ----------
    clock, end
        Time, and when the invocation ends by its monotonic time; None for never.
    owner
        Names the invocation in the ledger.
    files
        How many files there are.
    """

    def __init__(self, clock: Clock, owner: str, end: float | None, files: int) -> None:
        self._clock = clock
        self._owner = owner
        self._end = end
        self._files = files

    def next(self) -> Invocation:
        """The invocation as the next file sees it."""
        self._files -= 1
        if self._end is None:
            return Invocation(self._owner)
        now = self._clock.monotonic()
        share = (self._end - now) / (self._files + 1)
        return Invocation(
            self._owner, max(now + share, self._end - self._files * _SECONDS_TO_ADVANCE)
        )
