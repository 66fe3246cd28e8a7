"""The function's queue in memory: it drains, and what it says of its depth may be old."""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.core.errors import AccountError
from tests.support.fakes import ManualClock


class DrainingQueue:
    """A queue that drains; what it says of its depth is as old as SQS's may be.

    Parameters
    ----------
    clock
        Time.
    drains
        Messages a second.
    lag
        How many seconds old the depth is that it tells.
    """

    def __init__(self, clock: ManualClock, drains: float = 1e9, lag: float = 0.0) -> None:
        self.clock = clock
        self.sent: list[str] = []
        self.left: list[tuple[float, str]] = []
        self.times: list[tuple[float, int]] = []
        self.most = 0
        self.refuse: list[int] = []
        self.fail_at: int | None = None
        self._drains = drains
        self._lag = lag

    def _at(self, time: float) -> int:
        """What it held at a time: a simulation of all that was sent before."""
        held, last = 0.0, 0.0
        for sent, count in self.times:
            if sent > time:
                break
            held = max(0.0, held - (sent - last) * self._drains) + count
            last = sent
        return int(max(0.0, held - (time - last) * self._drains))

    def depth(self) -> int:
        return self._at(self.clock.time - self._lag)

    def send(self, bodies: Sequence[str]) -> Sequence[int]:
        if self.fail_at is not None and len(self.sent) >= self.fail_at:
            raise AccountError("The network is gone.")
        refused = [position for position in self.refuse if position < len(bodies)]
        self.refuse = []
        accepted = [body for position, body in enumerate(bodies) if position not in refused]
        self.sent += accepted
        self.times.append((self.clock.time, len(accepted)))
        self.most = max(self.most, self._at(self.clock.time))
        return refused

    def leave(self, body: str, seconds: int = 0) -> None:
        """Keep a message that comes later, with its time."""
        self.left.append((self.clock.time + seconds, body))
