"""The requests for the rows of one batch, and what their answers settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    PlatformUnavailableError,
)
from capture_forwarder.forwarding.platform_access import PlatformAccess
from capture_forwarder.forwarding.settled import Refusal, Settled


class Attempts:
    """Makes requests for rows of one batch.

    Parameters
    ----------
    access
        The platform.
    batch, settled
        The batch, and where it is noted what becomes of its rows.
    """

    def __init__(self, access: PlatformAccess, batch: Batch, settled: Settled) -> None:
        self._access = access
        self._batch = batch
        self._settled = settled

    def make(self, rows: Sequence[int]) -> tuple[Sequence[int], BatchRefusedError | None]:
        """Send rows, and those again that the platform could not take yet.

        Returns
        -------
        tuple
            The rows that are left, and why they are refused; None if they are settled.
        """
        left = _Left(rows, self._part(rows))
        refusal = self._access.retrier.call(lambda: self._attempt(left), self._access.deadline.at)
        return left.rows, refusal

    def refusal(self, row: int, said: str, *, alone: bool = False) -> Refusal:
        """A row that was refused; `alone` by itself, else named in the answer."""
        line, index = self._batch.origin(row)
        return Refusal(self._batch.inferences[row], line, index, said, row, alone)

    def _attempt(self, left: _Left) -> BatchRefusedError | None:
        """Make one request for what is left.

        Raises
        ------
        PlatformUnavailableError
            Some of it has to be sent again.
        """
        access = self._access
        batch = replace(left.batch, repeats=left.requests) if left.requests else left.batch
        access.deadline.check()
        access.before()
        asked = access.clock.monotonic()
        self._settled.ask(again=left.requests > 0)
        left.requests += 1
        try:
            receipt = access.publisher.publish(batch, access.deadline.at)
        except BatchRefusedError as refusal:
            access.answered()
            access.deadline.saw(access.clock.monotonic() - asked)
            return refusal
        except PlatformUnavailableError as error:
            if error.timed_out and access.shrink(len(batch)):
                return BatchTooLargeError(error.message, "It is sent in smaller pieces.")
            raise
        seconds = access.clock.monotonic() - asked
        access.answered()
        access.deadline.saw(seconds)
        refused = [self.refusal(left.rows[index], said) for index, said in receipt.refused.items()]
        self._settled.refuse(refused)
        open_ = {*receipt.refused, *receipt.again}
        if open_:
            accepted = [row for index, row in enumerate(left.rows) if index not in open_]
        self._settled.accept(accepted if open_ else left.rows, seconds)
        access.refusals.accepted(len(batch) - len(open_))
        if receipt.again:
            message = (
                f"The platform could not take {len(receipt.again)} of {len(batch)} inferences."
            )
            left.rows = [left.rows[index] for index in receipt.again]
            left.batch = self._batch.select(left.rows)
            raise PlatformUnavailableError(
                message, "They are sent again with the same ids.", retry_after=receipt.retry_after
            )
        return None

    def _part(self, rows: Sequence[int]) -> Batch:
        if len(rows) == len(self._batch):
            return self._batch
        if isinstance(rows, range):
            return self._batch.slice(rows.start, rows.stop)
        return self._batch.select(rows)


class _Left:
    """Rows of which fewer are left with every try."""

    def __init__(self, rows: Sequence[int], batch: Batch) -> None:
        self.rows = rows
        self.batch = batch
        self.requests = 0
