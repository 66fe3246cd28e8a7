"""Several batches in flight at once, their outcomes taken in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import OutOfTimeError
from capture_forwarder.forwarding.sending import Outcome

_PATIENCE = 2.0


class InFlight:
    """Keeps batches in flight and gives their outcomes back in order.

    Order is what lets the ledger move only over an unbroken run of finished lines: an outcome is
    given when all batches before it have theirs.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._batches: deque[tuple[Batch, Future[Outcome]]] = deque()

    def __len__(self) -> int:
        return len(self._batches)

    def start(self, batch: Batch, deliver: Callable[[Batch], Outcome]) -> None:
        """Send a batch on its way."""
        self._batches.append((batch, self._executor.submit(deliver, batch)))

    def landed(
        self, seconds_left: Callable[[], float | None], at_least: int
    ) -> Iterator[tuple[Batch, Outcome]]:
        """Give the outcomes that are there; wait for more only if they are too few.

        Parameters
        ----------
        seconds_left
            How long a wait may be; None for as long as it takes.
        at_least
            How many to wait for.

        Raises
        ------
        OutOfTimeError
            The time is up before an outcome is there.
        PublishError
            A batch was not accepted; those behind it do not count.
        """
        given = 0
        while self._batches:
            batch, future = self._batches[0]
            if given >= at_least and not future.done():
                return
            try:
                outcome = future.result(timeout=seconds_left())
            except FutureTimeoutError as error:
                message = "The time is up while the platform has not answered."
                raise OutOfTimeError(message) from error
            self._batches.popleft()
            given += 1
            yield batch, outcome

    def lands_within(self, seconds: float) -> bool:
        """Whether the next outcome is there, or comes in so many seconds."""
        return bool(self._batches) and bool(wait([self._batches[0][1]], timeout=seconds).done)

    def abandon(self, seconds_left: float | None) -> None:
        """Start none of the waiting batches any more, and give those in flight a moment to land.

        Their outcomes do not count: they lie behind a batch that failed.
        """
        started = [future for _, future in self._batches if not future.cancel()]
        patience = _PATIENCE if seconds_left is None else min(_PATIENCE, seconds_left)
        wait(started, timeout=patience)
        self._batches.clear()
