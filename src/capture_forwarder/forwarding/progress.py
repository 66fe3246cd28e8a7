"""How far a capture file is done: batches in flight, then settled, then saved in the ledger."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future, wait

import msgspec

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import OutOfTimeError
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock
from capture_forwarder.forwarding.accounting import Accounting
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.lease import Lease
from capture_forwarder.forwarding.rejections import Rejections
from capture_forwarder.forwarding.sending import BatchSender, Sending
from capture_forwarder.forwarding.settled import BatchOutcome

_SAVE_SECONDS = 1.0
_MOMENT = 0.01
_PATIENCE = 2.0


class _Batch(msgspec.Struct):
    batch: Batch
    sending: Sending
    future: Future[None]
    settled: int = 0
    saved_in_part: bool = False


class Progress:
    """Sends several batches at once and moves the ledger's position over those that are settled.

    The position moves only over an unbroken run of settled rows, into the middle of a batch too
    when the batch takes long, and only when what was rejected in front of it is in quarantine. A
    batch counts as in flight until its position is saved, so that no more than `limit` can be
    sent twice. A thread saves positions, so that others can be sent meanwhile, and several at
    once, since each save is a request.

    Parameters
    ----------
    start
        Where the work begins.
    sender, executor, limit
        What sends batches, in which threads, and how many at once.
    lease, rejections, accounting, deadline, clock
        Those of the file.
    """

    def __init__(  # noqa: PLR0913 - all that has to agree on how far the file is
        self,
        start: Position,
        sender: BatchSender,
        executor: Executor,
        limit: int,
        *,
        lease: Lease,
        rejections: Rejections,
        accounting: Accounting,
        deadline: Deadline,
        clock: Clock,
    ) -> None:
        self._sender = sender
        self._executor = executor
        self._limit = limit
        self._lease = lease
        self._rejections = rejections
        self._accounting = accounting
        self._deadline = deadline
        self._clock = clock
        self._batches: deque[_Batch] = deque()
        # What ended the work before may end it again: one batch is at stake, not all.
        self._is_cautious = start > Position()
        self._settled = self._quarantined = self.saved = start
        self._unsaved = self._being_saved = 0
        self._enough, self._few = max(1, limit * 3 // 4), max(1, limit // 4)
        self._saving: tuple[Future[None], Position] | None = None
        self._save_at = clock.monotonic() + _SAVE_SECONDS

    @property
    def in_flight(self) -> int:
        """How many batches could be sent twice if this invocation were killed now."""
        return len(self._batches) + self._unsaved + self._being_saved

    def send(self, batch: Batch) -> None:
        """Send a batch as soon as one more may be in flight.

        Raises
        ------
        ForwarderError
            A batch was not accepted, or a position not saved; what was settled in front of it
            counts.
        """
        self._make_room()
        sending = self._sender.begin(batch)
        if not self._batches:
            sending.may_split()
        self._batches.append(_Batch(batch, sending, self._executor.submit(sending.run)))

    def settle(self) -> None:
        """Wait until all that is in flight is settled; raises what `send` does."""
        self._collect(len(self._batches))

    def save(self, position: Position | None = None) -> None:
        """Save how far the file is done, and wait for it.

        Parameters
        ----------
        position
            Up to where it is, if that is further than what was settled.

        Raises
        ------
        QuarantineError, LedgerError, LeaseLostError, OutOfTimeError
            The position is not saved.
        """
        self._await_saving()
        self._settled = position or self._settled
        self._start_saving()
        self._await_saving()

    def finish(self, position: Position) -> None:
        """Note that the file is done: all of it is accepted or in quarantine.

        Raises
        ------
        QuarantineError, AccountingError, LedgerError, LeaseLostError, OutOfTimeError
            The file must not be acknowledged.
        """
        self._await_saving()
        self._lease.check()
        self._rejections.finish(position, self._quarantined)
        self._accounting.check(position)
        self._settled = position
        self._lease.finish(position)
        self._accounting.saved(position)

    def abandon(self) -> None:
        """Give the batches in flight a moment to be answered, after the lease is closed.

        Their requests count; what they settled does not, as it is behind a batch that failed.
        """
        left = self._deadline.seconds_for_requests()
        patience = _PATIENCE if left is None else min(_PATIENCE, left)
        wait([one.future for one in self._batches], timeout=patience)
        for one in self._batches:
            self._accounting.asked(one.sending.take())
        self._batches.clear()

    def _make_room(self) -> None:
        self._collect(0)
        if self._is_cautious and self.in_flight:
            self.settle()
            self.save()
            self._is_cautious = False
        while self._batches and self._batches[0].sending.is_split:
            # It may take all the time there is, and what is sent behind it would be sent again.
            self._collect(1)
        # Room is made before it is needed, so that sending goes on while the position is saved.
        room = self._limit - self.in_flight
        overdue = self._clock.monotonic() >= self._save_at
        if self._saving is None and (
            overdue or (room <= self._few and self._unsaved >= self._enough)
        ):
            self._start_saving()
        while self.in_flight >= self._limit:
            if self._saving is not None:
                self._await_saving()
            elif self._is_time_to_save():
                self._start_saving()
            else:
                self._collect(1)

    def _is_time_to_save(self) -> bool:
        """Whether to make room by saving what is settled, rather than to wait for more of it.

        A save takes as much work as a request. While answers come one after the other, several
        batches are saved at once; where they take their time there is time to save few.
        """
        if self._unsaved >= self._enough or not self._batches:
            return True
        if self._unsaved < self._few or wait([self._batches[0].future], timeout=_MOMENT).done:
            return False
        self._enough = self._few
        return True

    def _collect(self, at_least: int) -> None:
        """Account for what is settled, in order; wait only if it is less than so many batches."""
        if self._saving is not None and self._saving[0].done():
            self._await_saving()
        taken = 0
        while self._batches:
            head = self._batches[0]
            if not head.future.done():
                if taken >= at_least:
                    return
                self._await_answer(head)
            self._take(head)
            self._batches.popleft()
            if self._batches:
                self._batches[0].sending.may_split()
            self._unsaved += 1
            taken += 1
            if head.saved_in_part:
                # Begun anew here, the batches are cut as they are now, and so are the runs of
                # their rejections: none may go to quarantine before.
                self.save()

    def _await_answer(self, head: _Batch) -> None:
        """Wait for a batch; save what is settled of it meanwhile, and renew the lease.

        Raises
        ------
        OutOfTimeError
            The time is up.
        """
        while not head.future.done():
            left = self._deadline.seconds_for_requests()
            wait([head.future], timeout=_SAVE_SECONDS if left is None else min(_SAVE_SECONDS, left))
            if head.future.done():
                return
            self._take_part(head)
            if left == 0:
                message = "The time was up while the platform had not answered."
                raise OutOfTimeError(message, "The rest is sent later.")
            if self._settled > self.saved:
                self.save()
                head.saved_in_part = head.settled > 0
            self._lease.hold()

    def _take(self, head: _Batch) -> None:
        """Account for a batch whose sending has ended, also when it ended early."""
        outcome = self._take_part(head)
        if outcome.error is not None:
            raise outcome.error
        head.future.result()
        # A batch's rejections go to quarantine by themselves: its lines are the same next time.
        self._quarantine(head.batch.position)

    def _take_part(self, head: _Batch) -> BatchOutcome:
        """Account for what was settled of a batch since the last look."""
        outcome = head.sending.take()
        rows = outcome.settled - head.settled
        if rows:
            self._settled = head.batch.position_after(outcome.settled)
            head.settled = outcome.settled
        self._accounting.settled(self._settled, rows, outcome)
        for refusal in outcome.refused:
            self._rejections.refuse(refusal)
        if self._rejections.block:
            self._accounting.stop_noting()
        return outcome

    def _quarantine(self, position: Position) -> bool:
        """Put what was rejected into quarantine; return whether the ledger may move there."""
        self._lease.check()
        may_move = self._rejections.flush(position, self._quarantined)
        self._quarantined = position
        return may_move

    def _start_saving(self) -> None:
        """Save the position of what is settled, in a thread; one at a time."""
        self._await_saving()
        count, self._unsaved = self._unsaved, 0
        if self._settled <= self.saved:
            return
        # Without a quarantine the position stays, and waiting for it would be in vain.
        if self._quarantine(self._settled):
            future = self._executor.submit(self._lease.save, self._settled)
            self._saving, self._being_saved = (future, self._settled), count

    def _await_saving(self) -> None:
        if self._saving is None:
            return
        future, position = self._saving
        # An error of the ledger's own may be a TimeoutError too: only the waiting is timed here.
        wait([future], timeout=self._deadline.seconds_left())
        self._saving, self._being_saved = None, 0
        if not future.done():
            message = "The time was up while the ledger had not answered."
            raise OutOfTimeError(message, "The rest is sent later.")
        future.result()
        self._save_at = self._clock.monotonic() + _SAVE_SECONDS
        self._rejections.saved(position)
        self._accounting.saved(position)
        self.saved = position
