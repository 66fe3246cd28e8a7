"""When an invocation must stop, and how much of its time the stopping itself takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from capture_forwarder.core.errors import OutOfTimeError
from capture_forwarder.core.ports import Clock

_FIRST_GUESS = 1.0
_SAVING = 1.0
_MARGIN = 0.5

Result = TypeVar("Result")


class Deadline:
    """Says when to stop, from the slowest request that was answered.

    Parameters
    ----------
    clock
        The clock.
    end
        When, by its monotonic time, the invocation is killed; None for never.
    is_stopped
        Whether it is to end before that; by default never.
    """

    def __init__(
        self, clock: Clock, end: float | None, is_stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._clock = clock
        self._slowest = _FIRST_GUESS
        self.is_stopped = is_stopped
        self.at = None if end is None else end - _MARGIN
        """When the last request must have ended."""

    def saw(self, seconds: float) -> None:
        """Learn how long a request takes; called from several threads."""
        self._slowest = max(self._slowest, seconds)

    def seconds_left(self) -> float | None:
        """How long the saving may take; None for as long as it takes."""
        return None if self.at is None else max(0.0, self.at - self._clock.monotonic())

    def seconds_for_requests(self) -> float | None:
        """How long the platform's answers may be waited for, so that saving has its time."""
        left = self.seconds_left()
        return None if left is None else max(0.0, left - _SAVING)

    def check(self) -> None:
        """Make sure that a request that begins now ends in time.

        Raises
        ------
        OutOfTimeError
            As far as is known, it does not.
        """
        left = self.seconds_left()
        if left is not None and left < _SAVING + self._slowest:
            message = f"The time was up: {left:.1f} seconds are left, and a request took up to"
            raise OutOfTimeError(f"{message} {self._slowest:.1f}.", "The rest is sent later.")

    def is_near(self, in_flight: int) -> bool:
        """Whether it is time to stop.

        What is in flight must be answered, and one batch that is sent before the next look at the
        clock, and the position must be saved.
        """
        if self.is_stopped():
            return True
        left = self.seconds_left()
        rounds = 2 if in_flight else 1
        return left is not None and left < _SAVING + rounds * self._slowest


def in_time(work: Callable[[], Result], what: str, clock: Clock, end: float | None) -> Result:
    """Do something that may stall, as long as there is time.

    Parameters
    ----------
    work
        What to do.
    what
        What it waits for, as the subject of a sentence.
    clock, end
        The clock, and when by its monotonic time the invocation is killed; None for never.

    Raises
    ------
    OutOfTimeError
        It had not ended in time.
    """
    left = Deadline(clock, end).seconds_left()
    if left is None:
        return work()
    watched = Watched(work, what)
    if watched.ends_within(left):
        return watched.result()
    message = f"The time was up while {what} had not answered."
    raise OutOfTimeError(message, "The file is delivered again.")


class Watched(Generic[Result]):
    """Work that is left alone when it does not end in time: S3, the ledger or anything may stall.

    Parameters
    ----------
    work
        What to do.
    name
        What to call its thread.
    """

    def __init__(self, work: Callable[[], Result], name: str) -> None:
        self._work = work
        self._result: list[Result] = []
        self._error: BaseException | None = None
        # A thread that is left alone must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def ends_within(self, seconds: float) -> bool:
        """Begin, and wait so long; return whether it has ended."""
        self._thread.start()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> Result:
        """What the work returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._error = error
