"""The requests for the rows of one batch, and what their answers settle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

import msgspec
from msgspec.structs import replace

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

    Attributes
    ----------
    count
        How many rows the batch has.
    """

    def __init__(self, access: PlatformAccess, batch: Batch, settled: Settled) -> None:
        self._access = access
        self._batch = batch
        self._settled = settled
        self.count = len(batch)

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

    def refuse(self, said: Mapping[int, str]) -> None:
        """Settle rows that the platform names: row → its words.

        Raises
        ------
        FileHeldError
            The platform refuses too much of the file.
        """
        refusals = [self.refusal(row, words) for row, words in sorted(said.items())]
        self._settled.refuse(self._access.refusals.named(refusals, 0))
        self._access.refusals.check()

    def elsewhere(self, but: AbstractSet[int] = frozenset()) -> Sequence[int]:
        """A few open rows, far from each other, which may be sent before their turn.

        Parameters
        ----------
        but
            Rows to leave out.
        """
        return self._settled.spread(self._movable - but)

    def accepted_elsewhere(self, of: int, but: AbstractSet[int] = frozenset()) -> Sequence[int]:
        """A few accepted rows, far from each other, which may be sent once more.

        Parameters
        ----------
        of, but
            An open row, behind which they stand if any do: the position has not passed them yet.
            Rows to leave out.
        """
        fitting = self._movable - but
        behind = {row for row in fitting if row > of}
        return self._settled.spread(behind, accepted=True) or self._settled.spread(
            fitting, accepted=True
        )

    @cached_property
    def _movable(self) -> AbstractSet[int]:
        """The rows whose id no other has: else an earlier label might arrive as the last one."""
        ids = self._batch.ids
        count = Counter(ids)
        return {row for row, name in enumerate(ids) if count[name] == 1}

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
            left.said = {}
            raise _in_doubt(left, error, doubt_after) from error
        seconds = access.clock.monotonic() - asked
        access.answered()
        access.deadline.saw(seconds)
        accepted = left.rows
        if open_ := {*receipt.refused, *receipt.again}:
            accepted = [row for index, row in enumerate(left.rows) if index not in open_]
        left.accepted = len(accepted)
        access.refusals.accepted(self._settled.accept(accepted, seconds))
        said = {left.rows[index]: words for index, words in receipt.refused.items()}
        self.refuse({row: said[row] for row in self._settled.open([*said])})
        if receipt.again:
            message = (
                f"The platform could not take {len(receipt.again)} of {len(batch)} inferences."
            )
            failed = {left.rows[index]: words for index, words in receipt.failed.items()}
            left.rows = [left.rows[index] for index in receipt.again]
            left.batch = self._batch.select(left.rows)
            # A platform that is busy with some, or names a time to come back, is waited for.
            left.said = failed if receipt.retry_after is None else {}
            failure = PlatformUnavailableError(
                message,
                "They are sent again with the same ids.",
                retry_after=receipt.retry_after,
                may_be_a_row=left.said.keys() == set(left.rows),
            )
            raise _in_doubt(left, failure, doubt_after)
        return None

    def _part(self, rows: Sequence[int]) -> Batch:
        if len(rows) == len(self._batch):
            return self._batch
        if isinstance(rows, range):
            return self._batch.slice(rows.start, rows.stop)
        return self._batch.select(rows)


class Failing(msgspec.Struct, frozen=True):
    """Rows at which the platform fails, which may be for what they hold.

    Parameters
    ----------
    rows, error
        Which, and how the platform failed.
    said
        Row → the platform's words, where it named each of the rows; else nothing.
    """

    rows: Sequence[int]
    error: PlatformUnavailableError
    said: Mapping[int, str]


class Left:
    """Rows of which fewer are left with every try.

    In the end `refusal` says why the platform refuses them, or `failure` how it failed at them;
    without either, they are settled. `accepted` is how many the last answer accepted, and `said`
    what it said of each at which it failed.
    """

    def __init__(self, rows: Sequence[int], batch: Batch) -> None:
        self.rows = rows
        self.batch = batch
        self.requests = 0
        self.accepted = 0
        self.said: Mapping[int, str] = {}
        self.refusal: BatchRefusedError | None = None
        self.failure: PlatformUnavailableError | None = None

    @property
    def failing(self) -> Failing | None:
        """The rows, if what they hold may be what the platform fails at."""
        if self.failure is None or not self.failure.may_be_a_row:
            return None
        return Failing(self.rows, self.failure, self.said)


class _InDoubtError(Exception):
    """The platform failed several times at the same rows, and a row may be the reason."""

    def __init__(self, failure: PlatformUnavailableError) -> None:
        self.failure = failure
        super().__init__()


def _in_doubt(left: Left, error: PlatformUnavailableError, doubt_after: int | None) -> Exception:
    """What to raise when the platform failed: its error, or that a row may be the reason.

    One request that is not answered in time is enough for that.
    """
    enough = doubt_after is not None and left.requests >= doubt_after
    if error.may_be_a_row and (enough or (error.timed_out and doubt_after)):
        return _InDoubtError(error)
    return error
