"""When an invocation must stop, and how much of its time the stopping itself takes."""

from __future__ import annotations

from collections.abc import Iterable

from capture_forwarder.core.ports import Clock

_FIRST_GUESS = 1.0
_SAVING = 1.0
_MARGIN = 0.5


class Deadline:
    """Tells when to stop reading, from the slowest request seen and what is in flight.

    Parameters
    ----------
    clock
        The clock.
    end
        When, by its monotonic time, the invocation is killed; None for never.
    """

    def __init__(self, clock: Clock, end: float | None) -> None:
        self._clock = clock
        self._slowest = _FIRST_GUESS
        self.at = None if end is None else end - _MARGIN
        """When the last request must have ended."""

    def saw(self, latencies: Iterable[float]) -> None:
        """Learn how long requests take."""
        self._slowest = max(self._slowest, *latencies, 0.0)

    def seconds_left(self) -> float | None:
        """How long a wait may be; None for as long as it takes."""
        return None if self.at is None else max(0.0, self.at - self._clock.monotonic())

    def is_near(self, in_flight: int) -> bool:
        """Whether it is time to stop.

        What is in flight must land, and one batch that is sent before the next look at the
        clock, and the position must be saved.
        """
        left = self.seconds_left()
        rounds = 2 if in_flight else 1
        return left is not None and left < _SAVING + rounds * self._slowest
