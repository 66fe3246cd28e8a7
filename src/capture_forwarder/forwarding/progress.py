"""How far an object is done: what has landed, what is kept of it, and what the ledger knows."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from capture_forwarder.core.errors import OutOfTimeError
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock
from capture_forwarder.forwarding.accounting import Accounting, Mark
from capture_forwarder.forwarding.checkpoint import Checkpoint
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.in_flight import InFlight
from capture_forwarder.forwarding.rejections import RejectionRun

_SAVE_SECONDS = 1.0
_MOMENT = 0.01


class Progress:
    """Moves the ledger's position over an unbroken run of batches that have landed.

    What is rejected up to a position is in quarantine before the ledger moves there. A batch
    counts as in flight until its position is saved, so that no more than `limit` can be sent
    twice. A thread saves positions, so that others can be sent meanwhile, and several at once,
    since each save is a request.

    Parameters
    ----------
    start
        Where the work begins.
    in_flight, limit
        The batches that are in flight, and how many may be.
    executor
        Saves the positions.
    checkpoint, rejections, accounting, deadline, clock
        Those of the object.
    """

    def __init__(  # noqa: PLR0913 - all that has to agree on how far the object is
        self,
        start: Position,
        in_flight: InFlight,
        limit: int,
        executor: Executor,
        *,
        checkpoint: Checkpoint,
        rejections: RejectionRun,
        accounting: Accounting,
        deadline: Deadline,
        clock: Clock,
    ) -> None:
        self._in_flight = in_flight
        self._limit = limit
        self._executor = executor
        self._checkpoint = checkpoint
        self._rejections = rejections
        self._accounting = accounting
        self._deadline = deadline
        self._clock = clock
        self._marks: dict[Position, Mark] = {}
        self._landed = self._kept = self.saved = start
        self._waiting = self._being_saved = 0
        self._enough, self._few = max(1, limit * 3 // 4), max(1, limit // 4)
        self._saving: tuple[Future[None], Position] | None = None
        self._save_at = clock.monotonic() + _SAVE_SECONDS
        self.mark = Mark()
        """What was counted up to the position that is saved."""

    @property
    def in_flight(self) -> int:
        """How many batches could be sent twice if this invocation were killed now."""
        return len(self._in_flight) + self._waiting + self._being_saved

    def remember(self, position: Position, mark: Mark) -> None:
        """Note what was counted up to the end of a batch, or of what is to be saved."""
        self._marks[position] = mark

    def make_room(self) -> None:
        """Wait until one more batch may be in flight.

        Raises
        ------
        PublishError, QuarantineError, LedgerError, LeaseLostError, OutOfTimeError
            What has landed in front of it counts; see `close`.
        """
        self._collect(0)
        # Room is made before it is needed, so that sending goes on while the position is saved.
        room = self._limit - self.in_flight
        overdue = self._clock.monotonic() >= self._save_at
        if self._saving is None and (
            overdue or (room <= self._few and self._waiting >= self._enough)
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
        """Whether to make room by saving what has landed, rather than to wait for more to land.

        A save takes as much work as a request. While requests land one after the other, several
        are saved at once; where they take their time there is time to save few.
        """
        if self._waiting >= self._enough or not len(self._in_flight):
            return True
        if self._waiting < self._few or self._in_flight.lands_within(_MOMENT):
            return False
        self._enough = self._few
        return True

    def settle(self) -> None:
        """Wait until all that is in flight has landed; raises what `make_room` does."""
        self._collect(len(self._in_flight))

    def save(self, position: Position | None = None) -> None:
        """Save how far the object is done, and wait for it.

        Parameters
        ----------
        position
            Up to where it is, if that is further than the last batch that has landed.

        Raises
        ------
        QuarantineError, LedgerError, LeaseLostError, OutOfTimeError
            The position is not saved.
        """
        self._await_saving()
        self._landed = position or self._landed
        self._start_saving()
        self._await_saving()

    def finish(self, position: Position) -> None:
        """Note that the object is done: all of it has landed or is kept.

        Raises
        ------
        QuarantineError, AccountingError, LedgerError, LeaseLostError, OutOfTimeError
            The object must not be acknowledged.
        """
        self._await_saving()
        self._rejections.finish(position, self._kept)
        self._accounting.check(position)
        self._landed = position
        self._checkpoint.finish(position)

    def _keep(self, position: Position) -> bool:
        """Keep what was rejected up to a position; return whether the ledger may move there.

        A batch's rejections are kept by themselves: its lines are the same the next time.
        """
        safe = self._rejections.flush(position, self._kept)
        self._kept = position
        return safe

    def _collect(self, at_least: int) -> None:
        """Account for what has landed, in order."""
        if self._saving is not None and self._saving[0].done():
            self._await_saving()
        for batch, outcome in self._in_flight.landed(self._deadline.seconds_left, at_least):
            self._accounting.landed(outcome)
            self._deadline.saw(outcome.latencies)
            # A platform may name what it refuses over several tries, in any order.
            for refusal in sorted(outcome.refused, key=lambda r: (r.line.number, r.index)):
                self._rejections.add_refused(refusal)
            self._keep(batch.position)
            self._landed = batch.position
            self._waiting += 1

    def _start_saving(self) -> None:
        """Save the place of what has landed, in a thread; one at a time."""
        self._await_saving()
        count, self._waiting = self._waiting, 0
        if self._landed <= self.saved:
            return
        # Where the rejected have no home the position stays, and waiting for it would be in vain.
        if self._keep(self._landed):
            future = self._executor.submit(self._checkpoint.save, self._landed)
            self._saving, self._being_saved = (future, self._landed), count

    def _await_saving(self) -> None:
        if self._saving is None:
            return
        future, position = self._saving
        try:
            future.result(timeout=self._deadline.seconds_left())
        except FutureTimeoutError as error:
            message = "The time is up while the ledger has not answered."
            raise OutOfTimeError(message) from error
        finally:
            self._saving, self._being_saved = None, 0
        self._save_at = self._clock.monotonic() + _SAVE_SECONDS
        self._rejections.saved(position)
        self._accounting.saved(position)
        self.saved, self.mark = position, self._marks[position]
        # Positions come in order; those before this one will not be asked for again.
        self._marks = {known: mark for known, mark in self._marks.items() if known >= position}
