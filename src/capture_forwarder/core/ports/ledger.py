"""What is known to be delivered, and who may work on it now."""

from __future__ import annotations

from typing import Protocol

from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position


class Ledger(Protocol):
    """What is known to be delivered of each capture file on each route.

    All methods may be called from several threads, but for one key from one thread at a time.
    `owner` names the invocation. A lease is an invocation's exclusive right to work on a file on a
    route until the lease expires.
    """

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        """Begin work: take the lease, unless the file is finished.

        A lease that has expired, or that the same owner holds, is taken over with its position.

        Raises
        ------
        CaptureFileBusyError
            Another owner holds a lease that has not expired.
        LedgerError
            The ledger cannot be reached or answered an error.
        """
        ...

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        """Save how far the file is done, and renew the lease.

        Raises
        ------
        LeaseLostError
            Another owner has taken the lease; nothing was changed.
        LedgerError
            See `claim`.
        """
        ...

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        """Save that the file is done, so that its next event is answered at once.

        Raises
        ------
        LeaseLostError, LedgerError
            See `save`.
        """
        ...

    def release(self, key: LedgerKey, owner: str) -> None:
        """Give the lease back; the position stays. Does nothing if another owner has the lease.

        Raises
        ------
        LedgerError
            See `claim`.
        """
        ...
