"""An invocation's hold on one capture file and route: its lease and its position in the ledger."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from capture_forwarder.core.errors import LeaseLostError, LedgerError
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock, Ledger
from capture_forwarder.forwarding.deadline import Deadline

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 5.0


class Lease:
    """Saves how far one capture file is done, and makes sure that nobody else works on it.

    A write that the ledger does not take is tried again, and no request begins meanwhile: what
    was published and cannot be saved is published again by the next invocation.

    Parameters
    ----------
    ledger
        The ledger; without one, nothing is remembered and everything is allowed.
    key, owner
        What is worked on, and who does.
    clock
        Tells how old the lease is.
    seconds
        How long the lease holds without being renewed.
    retry_seconds, deadline
        How long, and until when, a write is tried.
    """

    def __init__(  # noqa: PLR0913 - what the ledger asks, and when to stop asking
        self,
        ledger: Ledger | None,
        key: LedgerKey,
        owner: str,
        clock: Clock,
        seconds: float,
        *,
        retry_seconds: float,
        deadline: Deadline,
    ) -> None:
        self._ledger = ledger
        self._key = key
        self._owner = owner
        self._clock = clock
        self._seconds = seconds
        self._retry_seconds = retry_seconds
        self._deadline = deadline
        self._writing = threading.Lock()
        self._position = Position()
        self._renew_at = 0.0
        self._lost: LeaseLostError | None = None
        self._failed: LedgerError | None = None
        self._closed = False

    @property
    def revision(self) -> str:
        """Which content of the file it is; see `LedgerKey`."""
        return self._key.revision

    def claim(self) -> Claim:
        """Take the lease; see `Ledger.claim`."""
        if self._ledger is None:
            return Claim(self._position)
        claimed_at = self._clock.monotonic()
        claim = self._ledger.claim(self._key, self._owner, self._seconds)
        self._position = claim.position
        self._renew_at = claimed_at + self._seconds / 3
        return claim

    def hold(self) -> None:
        """Make sure that the lease is ours; called before each request, from any thread.

        Raises
        ------
        LeaseLostError
            Another invocation took over; nothing more may be published.
        LedgerError
            The ledger takes no writes; nothing more may be published.
        """
        self.check()
        if self._ledger is None:
            return
        if self._failed is None and self._clock.monotonic() < self._renew_at:
            return
        with self._writing:
            # Another thread may have renewed it meanwhile, or lost it.
            self.check()
            if self._failed is not None or self._clock.monotonic() >= self._renew_at:
                self._save(self._position)

    def save(self, position: Position) -> None:
        """Note how far the file is done; see `Ledger.save`."""
        with self._writing:
            self.check()
            self._position = position
            self._save(position)

    def finish(self, position: Position) -> None:
        """Note that the file is done; see `Ledger.finish`."""
        with self._writing:
            self.check()
            ledger = self._ledger
            if ledger is not None:
                self._write(lambda: ledger.finish(self._key, self._owner, position))

    def close(self) -> None:
        """Let no request begin and no position be saved from now on."""
        self._closed = True

    def release(self, patience: float | None = None) -> None:
        """Let the next invocation go on at once; see `Ledger.release`.

        Parameters
        ----------
        patience
            Seconds to wait for a write that the ledger has not answered; None for as long as it
            takes. Then the lease is left to expire.
        """
        self.close()
        if not self._writing.acquire(timeout=-1 if patience is None else patience):
            return
        try:
            if self._ledger is not None and self._lost is None:
                self._ledger.release(self._key, self._owner)
        finally:
            self._writing.release()

    def check(self) -> None:
        """Make sure, without asking the ledger, that the lease was neither lost nor given back.

        Raises
        ------
        LeaseLostError
            It was.
        """
        if self._lost is not None:
            raise self._lost
        if self._closed:
            message = "This invocation has given the file back."
            raise LeaseLostError(message)

    def _save(self, position: Position) -> None:
        ledger = self._ledger
        if ledger is None:
            return
        saved_at = self._clock.monotonic()
        self._write(lambda: ledger.save(self._key, self._owner, position, self._seconds))
        self._renew_at = saved_at + self._seconds / 3

    def _write(self, write: Callable[[], None]) -> None:
        """Write, as often as it can help."""
        until = self._clock.monotonic() + self._retry_seconds
        wait = _FIRST_WAIT
        while True:
            try:
                write()
            except LeaseLostError as error:
                self._lost = error
                raise
            except LedgerError as error:
                self._failed = error
                wait = min(2 * wait, _LONGEST_WAIT)
                pause = wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads the invocations
                left = self._deadline.seconds_left()
                late = left is not None and pause >= left
                if late or self._closed or self._clock.monotonic() + pause > until:
                    raise
                self._clock.sleep(pause)
            else:
                self._failed = None
                return
