"""The requests for the rows of one batch, and what their answers settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    OutOfTimeError,
    PlatformUnavailableError,
)
from capture_forwarder.forwarding.platform_access import PlatformAccess
from capture_forwarder.forwarding.settled import Refusal, Settled

_TRIES_BEFORE_DOUBT = 4


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

    def make(self, rows: Sequence[int], *, doubts: bool = False) -> Left:
        """Send rows, and those again that the platform could not take yet.

        Parameters
        ----------
        rows
            Which.
        doubts
            Whether to come back after a few tries when a row may be what the platform fails at.

        Raises
        ------
        PlatformUnavailableError
            The platform is down, as far as these rows tell.
        """
        left = Left(rows, self._part(rows))
        try:
            left.refusal = self._access.retrier.call(
                lambda: self._attempt(left, doubt_after=_TRIES_BEFORE_DOUBT if doubts else None),
                self._access.deadline.at,
            )
        except _InDoubtError as doubt:
            left.failure = doubt.failure
        return left

    def try_briefly(self, rows: Sequence[int], tries: int = 1) -> Left:
        """Send rows so often, but once if the platform does not answer in time.

        Raises
        ------
        OutOfTimeError
            There is no time to try them so often.
        """
        left = Left(rows, self._part(rows))
        try:
            left.refusal = self._access.retrier.call(
                lambda: self._attempt(left, doubt_after=tries), self._access.deadline.at, tries
            )
        except _InDoubtError as doubt:
            left.failure = doubt.failure
        except PlatformUnavailableError as failure:
            if left.requests < tries:
                message = "The time was up while it was tried whether the platform takes other rows"
                raise OutOfTimeError(f"{message}.", "The rest is sent later.") from failure
            left.failure = failure
        return left

    def refusal(self, row: int, said: str, *, alone: bool = False) -> Refusal:
        """A row that was refused; `alone` by itself, else named in the answer."""
        line, index = self._batch.origin(row)
        return Refusal(self._batch.inferences[row], line, index, said, row, alone)

    def _attempt(self, left: Left, *, doubt_after: int | None) -> BatchRefusedError | None:
        """Make one request for what is left.

        Parameters
        ----------
        left
            The rows.
        doubt_after
            After how many requests to stop when a row may be what the platform fails at: one
            that is not answered in time is enough.

        Raises
        ------
        PlatformUnavailableError
            Some of it has to be sent again.
        FileHeldError
            The platform refuses too much of the file.
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
            enough = doubt_after is not None and left.requests >= doubt_after
            if error.may_be_a_row and (enough or (error.timed_out and doubt_after)):
                raise _InDoubtError(error) from error
            raise
        seconds = access.clock.monotonic() - asked
        access.answered()
        access.deadline.saw(seconds)
        refused = [self.refusal(left.rows[index], said) for index, said in receipt.refused.items()]
        open_ = {*receipt.refused, *receipt.again}
        self._settled.refuse(access.refusals.named(refused, len(batch) - len(open_)))
        if open_:
            accepted = [row for index, row in enumerate(left.rows) if index not in open_]
        self._settled.accept(accepted if open_ else left.rows, seconds)
        access.refusals.check()
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


class Left:
    """Rows of which fewer are left with every try.

    In the end `refusal` says why the platform refuses them, or `failure` how it failed at them;
    without either, they are settled.
    """

    def __init__(self, rows: Sequence[int], batch: Batch) -> None:
        self.rows = rows
        self.batch = batch
        self.requests = 0
        self.refusal: BatchRefusedError | None = None
        self.failure: PlatformUnavailableError | None = None


class _InDoubtError(Exception):
    """The platform failed several times at the same rows, and a row may be the reason."""

    def __init__(self, failure: PlatformUnavailableError) -> None:
        self.failure = failure
        super().__init__()
