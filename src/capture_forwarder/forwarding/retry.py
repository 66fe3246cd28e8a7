"""Trying again while a platform may recover."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from capture_forwarder.core.errors import PlatformUnavailableError
from capture_forwarder.core.ports import Clock

Result = TypeVar("Result")

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 20.0


class Retrier:
    """Repeats calls of one platform; may be used from several threads.

    The first call that gives up ends the trying of all others, so that a platform that is down
    is left alone.

    Parameters
    ----------
    clock
        Time, and the waiting between tries.
    seconds
        How long a call is tried before the platform counts as down.
    jitter
        Gives a number from 0 to 1: which part of the longest wait to wait ("full jitter").
    """

    def __init__(
        self, clock: Clock, seconds: float, jitter: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._jitter = jitter
        self._down = threading.Event()

    def call(
        self,
        action: Callable[[], Result],
        deadline: float | None = None,
        tries: int | None = None,
    ) -> Result:
        """Call until it works, as long as that can help.

        Parameters
        ----------
        action
            What to call.
        deadline
            When, by the clock's monotonic time, no further try may begin.
        tries
            How often to try, in place of how long. A call that gives up after so many does not
            end the trying of others.

        Raises
        ------
        PlatformUnavailableError
            It did not work in time. Every other error ends the trying at once.
        """
        until = self._clock.monotonic() + self._seconds
        retries = 0
        while True:
            try:
                return action()
            except PlatformUnavailableError as error:
                wait = self._wait(retries, error.retry_after)
                again = self._clock.monotonic() + wait
                late = deadline is not None and again >= deadline
                if tries is not None:
                    if late or retries + 1 >= tries:
                        raise
                elif late or again > until or self._down.is_set():
                    self._down.set()
                    raise
                self._clock.sleep(wait)
                retries += 1

    def _wait(self, retries: int, asked: float | None) -> float:
        """Seconds to wait: exponential with full jitter, never less than the platform asks for."""
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**retries)
        return max(asked or 0.0, longest * self._jitter())
