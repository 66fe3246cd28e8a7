"""Whether a platform that fails at a batch is down, or fails at one of its rows.

A row can make a platform answer 500, break the connection off or never answer. That looks like an
outage, so a row is blamed only on evidence that an outage does not give: again and again the
platform fails at whatever holds the row, and right after that takes rows from elsewhere in the
batch at the first try. That takes four rows at least, of a request that is sent. If requests failed
by chance alone, a good row would be blamed where at least 14 tries that hold it fail and three
others succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from capture_forwarder.core.errors import BatchRefusedError, PlatformUnavailableError
from capture_forwarder.forwarding.attempts import Attempts, Left
from capture_forwarder.forwarding.platform_access import PlatformAccess
from capture_forwarder.forwarding.settled import Settled

_ROUNDS = 3
_FEW = 4
_UNCLEAR = 3
_TRIES_A_PART = 3
_TRIES_AT_LAST = 5


class Suspicion:
    """Settles rows of a batch at which the platform failed several times.

    Parameters
    ----------
    access, attempts, settled
        The platform, the batch's requests, and what became of its rows.
    refused
        Settles rows that the platform refuses.
    """

    def __init__(
        self,
        access: PlatformAccess,
        attempts: Attempts,
        settled: Settled,
        refused: Callable[[Sequence[int], BatchRefusedError], None],
    ) -> None:
        self._access = access
        self._attempts = attempts
        self._settled = settled
        self._refused = refused
        # How often the platform failed at what it took later: more evidence is needed then.
        self._passing = 0
        self._not_taken: set[int] = set()

    def clear_up(self, rows: Sequence[int], failure: PlatformUnavailableError) -> None:
        """Settle rows, by finding those among them at which the platform fails.

        Raises
        ------
        PlatformUnavailableError
            The platform takes nothing else either, or too little to tell.
        """
        if not failure.timed_out:
            # They may have waited for their turn, and the platform have recovered meanwhile.
            again = self._fails_at(rows)
            if again is None:
                return
            failure = again
        others = self._settled.spread(rows[0])
        if any(map(self._takes, others[:1] if failure.timed_out else others)):
            self._narrow(rows, failure, 1)
        elif failure.timed_out:
            raise failure
        else:
            self._follow(self._attempts.make(self._settled.open(rows)))

    def _narrow(self, rows: Sequence[int], failure: PlatformUnavailableError, rounds: int) -> None:
        """Settle rows of which at least one is bad, if the platform is not down.

        Parameters
        ----------
        rows, failure
            What the platform failed at just now, and how.
        rounds
            How often it did so with these rows and then took others.
        """
        rows = self._settled.open(rows)
        if len(rows) < 2:  # noqa: PLR2004 - one has no parts
            for row in rows:
                self._judge(row, failure, rounds)
            return
        # Of few rows, taking one after the other gives the most evidence.
        middle = 1 if len(rows) <= _FEW else len(rows) // 2
        refused = self._settled.refused
        taken = self._send(rows[:middle], rounds)
        if self._settled.refused > refused:
            rounds = 0  # What was found explains the failures so far.
        self._send(rows[middle:], rounds + taken)

    def _send(self, rows: Sequence[int], rounds: int) -> bool:
        """Settle a part of what the platform failed at; return whether it took it at once."""
        rows = self._settled.open(rows)
        if not rows:
            return False
        left = self._attempts.try_briefly(rows, _TRIES_A_PART)
        if left.failure is not None and left.failure.may_be_a_row:
            self._narrow(left.rows, left.failure, rounds)
            return False
        self._follow(left)
        if left.failure is not None or left.refusal is not None:
            return False
        self._passing += left.requests > 1
        return left.requests == 1

    def _judge(self, row: int, failure: PlatformUnavailableError, rounds: int) -> None:
        """Have a row refused if the platform fails at it alone while it takes others."""
        unclear = turn = 0
        while rounds < _ROUNDS + self._passing + unclear:
            # One that stands elsewhere may be bad as well: another one is taken each time.
            others = [one for one in self._settled.spread(row) if one not in self._not_taken]
            if unclear == _UNCLEAR or not others:
                raise failure
            taken = self._takes(others[turn % len(others)])
            turn += 1
            rounds += taken
            unclear += not taken
            again = self._fails_at([row], _TRIES_A_PART)
            if again is None:
                return
            failure = again
        if failure.timed_out:
            self._access.size_was_not_it()
        else:
            again = self._fails_at([row], _TRIES_AT_LAST)
            if again is None:
                return
        said = f"{failure.message} {failure.platform_message}".strip()
        self._refused([row], BatchRefusedError(failure.message, platform_message=said))

    def _fails_at(self, rows: Sequence[int], tries: int = 1) -> PlatformUnavailableError | None:
        """Send rows; return how the platform fails at them, if that may be for what they hold."""
        left = self._attempts.try_briefly(rows, tries)
        if left.failure is not None and left.failure.may_be_a_row:
            return left.failure
        self._follow(left)
        return None

    def _takes(self, row: int) -> bool:
        """Whether the platform takes a row by itself at the first try."""
        left = self._attempts.try_briefly([row])
        if left.failure is None and left.refusal is None:
            return True
        self._not_taken.add(row)
        return False

    def _follow(self, left: Left) -> None:
        """Settle what the platform refuses, or cannot take for a reason that is not in it."""
        if left.failure is not None:
            left = self._attempts.make(left.rows)
        if left.refusal is not None:
            self._refused(left.rows, left.refusal)
