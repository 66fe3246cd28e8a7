"""A batch on its way to the platform: tried again, shrunk or halved until each row is settled."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    ForwarderError,
    PublishError,
)
from capture_forwarder.core.ports import Clock, Publisher
from capture_forwarder.forwarding.attempts import Attempts
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.platform_access import PlatformAccess
from capture_forwarder.forwarding.refusing import RefusalWatch
from capture_forwarder.forwarding.settled import BatchOutcome, Refusal, Settled
from capture_forwarder.forwarding.suspicion import Suspicion

_LOOK_SECONDS = 0.1


class BatchSender:
    """Sends batches of one capture file; may be used from several threads.

    Parameters
    ----------
    publisher
        The platform.
    clock
        Time, and the waiting between tries.
    retry_seconds
        How long a batch is tried before the platform counts as down. The first batch that gives
        up ends the trying of all others, so that a platform that is down is left alone.
    jitter
        Gives a number from 0 to 1: which part of the longest wait to wait ("full jitter").
    deadline
        When no further request may begin; by default never.
    before
        Called before each request; what it raises ends the sending.
    keep
        Puts a row that was found by halving into quarantine, before it counts as settled.
    refusals
        Says when the looking for bad rows must stop; by default never.
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
        self._access = PlatformAccess(
            publisher,
            clock,
            retry_seconds=retry_seconds,
            jitter=jitter,
            deadline=deadline,
            before=before,
            keep=keep,
            refusals=refusals,
        )

    def begin(self, batch: Batch) -> Sending:
        """Prepare a batch; nothing is sent before `Sending.run`."""
        return Sending(self._access, batch)

    def deliver(self, batch: Batch) -> BatchOutcome:
        """Send a batch and wait until each of its rows is accepted or refused.

        Raises
        ------
        ForwarderError
            It was not settled to its end; see `Publisher.publish`. Some of it may have been.
        """
        sending = self.begin(batch)
        sending.may_split()
        sending.run()
        outcome = sending.take()
        if outcome.error is None:
            return outcome
        if isinstance(outcome.error, PublishError):
            outcome.error.requests = outcome.requests
        raise outcome.error


class Sending:
    """One batch on its way.

    Rows are settled in their order as far as the platform's answers allow, so that whatever ends
    the sending, the first of them are done. A batch is split only when all before it are settled:
    else rows would be settled behind a position that may not come to them in time, and sent again.
    `take` may be called while `run` is at work.
    """

    def __init__(self, access: PlatformAccess, batch: Batch) -> None:
        self._access = access
        self._count = len(batch)
        self._settled = Settled(len(batch))
        self._attempts = Attempts(access, batch, self._settled)
        self._turn = threading.Event()
        self.is_split = False
        """Whether the batch takes more requests than one, which may be many."""

    def run(self) -> None:
        """Send the batch until each row is settled, or until an error ends it; see `take`.

        A batch that is refused without saying which rows is halved until those stand alone, in at
        most 2·log2(n)+1 requests for one of n.
        """
        try:
            self._send(range(self._count))
        except ForwarderError as error:
            self._settled.end(error)

    def may_split(self) -> None:
        """All batches before this one are settled."""
        self._turn.set()

    def take(self) -> BatchOutcome:
        """Return what was settled and asked since the last call."""
        return self._settled.take()

    def _send(self, rows: Sequence[int]) -> None:
        self._access.refusals.check()
        rows = self._settled.open(rows)
        most = self._access.most_rows
        if most is not None and len(rows) > most:
            self._await_turn()
            self._send_halves(rows)
            return
        if not rows:
            return
        left = self._attempts.make(rows, doubts=True)
        if failing := left.failing:
            self._await_turn()
            # Made only here: held by the batch, it would keep the batch in memory, too.
            suspicion = Suspicion(self._access, self._attempts, self._settled, self._take_refusal)
            suspicion.clear_up(failing)
        elif left.refusal is not None:
            self._take_refusal(left.rows, left.refusal)

    def _take_refusal(self, rows: Sequence[int], refusal: BatchRefusedError) -> None:
        self._await_turn()
        if len(rows) == 1:
            self._refuse(rows[0], refusal)
        elif isinstance(refusal, BatchTooLargeError):
            self._send_halves(rows)
        else:
            self._halve(rows)

    def _await_turn(self) -> None:
        self.is_split = True
        while not self._turn.wait(_LOOK_SECONDS):
            self._access.deadline.check()
            self._access.before()

    def _send_halves(self, rows: Sequence[int]) -> None:
        middle = len(rows) // 2
        self._send(rows[:middle])
        self._send(rows[middle:])

    def _halve(self, rows: Sequence[int]) -> None:
        """Send the halves of two or more rows that were refused.

        When the first half is accepted, what is refused must be in the second, which therefore
        is halved at once.
        """
        middle = len(rows) // 2
        refused = self._settled.refused
        self._send(rows[:middle])
        rest = self._settled.open(rows[middle:])
        if self._settled.refused > refused or len(rest) < 2:  # noqa: PLR2004 - one has no halves
            self._send(rest)
        else:
            self._halve(rest)

    def _refuse(self, row: int, refusal: BatchRefusedError) -> None:
        """Note a row that is refused alone, and stop when the platform seems to refuse all."""
        found = self._attempts.refusal(row, refusal.platform_message or refusal.message, alone=True)
        self._access.keep(found)
        self._settled.refuse([found])
        watch = self._access.refusals
        watch.refused(found, refusal)
        if watch.in_doubt():
            # Are these rows bad, or is every row? A few from elsewhere are sent before their turn;
            # one of them that is refused is not settled by it, as it may yet be accepted.
            for other in self._attempts.elsewhere():
                if self._attempts.make([other]).refusal is not None:
                    watch.refused(found, refusal)
                if not watch.in_doubt():
                    return
        watch.check()
