"""An invocation's hold on one object and route: its lease and its position in the ledger."""

from __future__ import annotations

import threading

from capture_forwarder.core.errors import LeaseLostError
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock, Ledger


class Checkpoint:
    """Saves the place of one object, and makes sure that nobody else works on it.

    Parameters
    ----------
    ledger
        The ledger; without one, nothing is remembered and everything is allowed.
    key, owner
        What is worked on, and who does.
    clock
        Tells how old the lease is.
    lease_seconds
        How long a lease holds without being renewed.
    """

    def __init__(
        self, ledger: Ledger | None, key: LedgerKey, owner: str, clock: Clock, lease_seconds: float
    ) -> None:
        self._ledger = ledger
        self._key = key
        self._owner = owner
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._writing = threading.Lock()
        self._position = Position()
        self._renew_at = 0.0
        self._lost: LeaseLostError | None = None
        self._closed = False

    @property
    def revision(self) -> str:
        """Which content of the object it is; see `LedgerKey`."""
        return self._key.revision

    def begin(self) -> Claim:
        """Take the lease; see `Ledger.claim`."""
        if self._ledger is None:
            return Claim(self._position)
        claimed_at = self._clock.monotonic()
        claim = self._ledger.claim(self._key, self._owner, self._lease_seconds)
        self._position = claim.position
        self._renew_at = claimed_at + self._lease_seconds / 3
        return claim

    def hold(self) -> None:
        """Make sure that the lease is still ours; called before each request, from any thread.

        Raises
        ------
        LeaseLostError
            Somebody else took over; nothing more may be published.
        """
        self._check()
        if self._ledger is None or self._clock.monotonic() < self._renew_at:
            return
        with self._writing:
            # Another thread may have renewed it meanwhile, or lost it.
            self._check()
            if self._clock.monotonic() >= self._renew_at:
                self._write(self._ledger, self._position)

    def save(self, position: Position) -> None:
        """Note how far the object is done; see `Ledger.save`."""
        with self._writing:
            self._check()
            self._position = position
            if self._ledger is not None:
                self._write(self._ledger, position)

    def finish(self, position: Position) -> None:
        """Note that the object is done; see `Ledger.finish`."""
        with self._writing:
            if self._ledger is not None:
                self._ledger.finish(self._key, self._owner, position)

    def release(self, patience: float | None = None) -> None:
        """Let the next invocation go on at once; see `Ledger.release`.

        Parameters
        ----------
        patience
            Seconds to wait for a write that the ledger has not answered; None for as long as it
            takes. Then the lease is left to expire.
        """
        self._closed = True
        if not self._writing.acquire(timeout=-1 if patience is None else patience):
            return
        try:
            if self._ledger is not None and self._lost is None:
                self._ledger.release(self._key, self._owner)
        finally:
            self._writing.release()

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost
        if self._closed:
            message = "This invocation has given the object back."
            raise LeaseLostError(message)

    def _write(self, ledger: Ledger, position: Position) -> None:
        saved_at = self._clock.monotonic()
        try:
            ledger.save(self._key, self._owner, position, self._lease_seconds)
        except LeaseLostError as error:
            self._lost = error
            raise
        self._renew_at = saved_at + self._lease_seconds / 3
