"""The platform as the batches of one capture file share it: until when, how often, how much."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from capture_forwarder.core.ports import Clock, Publisher
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.refusing import RefusalWatch
from capture_forwarder.forwarding.retry import Retrier
from capture_forwarder.forwarding.settled import Refusal


class PlatformAccess:
    """What the batches of one file know of their platform; may be used from several threads.

    Its parameters are those of `BatchSender`.
    """

    def __init__(  # noqa: PLR0913 - what sending needs
        self,
        publisher: Publisher,
        clock: Clock,
        *,
        retry_seconds: float,
        jitter: Callable[[], float] = random.random,
        deadline: Deadline | None = None,
        before: Callable[[], None] = lambda: None,
        keep: Callable[[Refusal], None] = lambda _: None,
        refusals: RefusalWatch | None = None,
    ) -> None:
        self.publisher = publisher
        self.clock = clock
        self.deadline = deadline or Deadline(clock, None)
        self.before = before
        self.keep = keep
        self.retrier = Retrier(clock, retry_seconds, jitter)
        self.refusals = refusals or RefusalWatch(most=1.0)
        self.most_rows: int | None = None
        """How many rows a request may carry, once one with more was not answered in time."""
        self._retry_seconds = retry_seconds
        self._timed_out_at: float | None = None
        self._lock = threading.Lock()

    def answered(self) -> None:
        """Note that the platform answered in time."""
        self._timed_out_at = None

    def shrink(self, rows: int) -> bool:
        """Note that a request with so many rows was not answered in time.

        Returns
        -------
        bool
            Whether it is worth trying with a quarter of them. A platform that answers nothing for
            as long as a batch is tried is down.
        """
        with self._lock:
            now = self.clock.monotonic()
            self._timed_out_at = self._timed_out_at or now
            self.most_rows = min(self.most_rows or rows, max(1, rows // 4))
            return rows > 1 and now < self._timed_out_at + self._retry_seconds

    def size_was_not_it(self) -> None:
        """Note that requests were not answered in time for a row that they held."""
        with self._lock:
            self.most_rows = None
