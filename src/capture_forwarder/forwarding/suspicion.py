"""Whether a platform that fails at a batch is down, or fails at some of its rows.

A row can make a platform answer 500, break the connection off or never answer. That looks like an
outage, so a row is blamed only on evidence that an outage does not give: again and again the
platform fails at whatever holds the row, and right after that takes rows from elsewhere in the
batch at the first try. That takes two rows at least. If requests failed by chance alone, a good
row would be blamed where at least 14 tries that hold it fail and three others succeed.

A platform that names the rows at which it fails need not be searched, and all that it names are
judged together. Mostly it has accepted all others by then: some of them are sent again, to see that
it still takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from capture_forwarder.core.errors import BatchRefusedError
from capture_forwarder.forwarding.attempts import Attempts, Failing, Left
from capture_forwarder.forwarding.platform_access import PlatformAccess
from capture_forwarder.forwarding.settled import Settled

_ROUNDS = 3
_FEW = 4
_UNCLEAR = 3
_TRIES_A_PART = 3
_TRIES_AT_LAST = 5
_MOST_NAMED = 3
_MOST_NAMED_SHARE = 0.01


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

    def clear_up(self, failing: Failing) -> None:
        """Settle rows, by finding those among them at which the platform fails.

        Raises
        ------
        PlatformUnavailableError
            The platform takes nothing else either, or too little to tell.
        """
        if not failing.error.timed_out:
            # They may have waited for their turn, and the platform have recovered meanwhile.
            again = self._fails_at(failing.rows)
            if again is None:
                return
            failing = again
        if self._is_outage(failing):
            self._follow(self._attempts.make(failing.rows))
            return
        others = self._others(failing)
        if any(map(self._takes, others[:1] if failing.error.timed_out else others)):
            self._narrow(failing, 1)
        elif failing.error.timed_out:
            raise failing.error
        else:
            self._follow(self._attempts.make(self._settled.open(failing.rows)))

    def _narrow(self, failing: Failing, rounds: int) -> None:
        """Settle rows of which at least one is bad, if the platform is not down.

        Parameters
        ----------
        failing
            What the platform failed at just now, and how.
        rounds
            How often it did so with these rows and then took others.
        """
        rows = self._settled.open(failing.rows)
        if len(rows) < 2 or failing.said:  # noqa: PLR2004 - one has no parts
            if rows:
                self._judge(replace(failing, rows=rows), rounds)
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
        failing = left.failing
        if failing is not None and not self._is_outage(failing):
            self._narrow(failing, rounds)
            return False
        self._follow(left)
        if left.failure is not None or left.refusal is not None:
            return False
        self._passing += left.requests > 1
        return left.requests == 1

    def _judge(self, failing: Failing, rounds: int) -> None:
        """Have rows refused if the platform fails at each of them while it takes others."""
        unclear = turn = 0
        while rounds < _ROUNDS + self._passing + unclear:
            # One that stands elsewhere may be bad as well: another one is taken each time.
            others = self._others(failing)
            if unclear == _UNCLEAR or not others:
                raise failing.error
            taken = self._takes(others[turn % len(others)])
            turn += 1
            rounds += taken
            unclear += not taken
            again = self._still_fails_at(failing, rounds, _TRIES_A_PART)
            if again is None:
                return
            failing = again
        if failing.error.timed_out:
            self._access.size_was_not_it()
        else:
            again = self._still_fails_at(failing, rounds, _TRIES_AT_LAST)
            if again is None:
                return
            failing = again
        if failing.said:
            self._attempts.refuse(failing.said)
            return
        error = failing.error
        said = f"{error.message} {error.platform_message}".strip()
        self._refused(failing.rows, BatchRefusedError(error.message, platform_message=said))

    def _still_fails_at(self, before: Failing, rounds: int, tries: int) -> Failing | None:
        """Send rows that are judged; return how the platform fails at each of the same rows.

        What it takes now it failed at before: then those that are left are judged on more
        evidence, and None is returned.

        Raises
        ------
        PlatformUnavailableError
            It named them before, and now it fails at whole requests: it is down.
        """
        again = self._fails_at(before.rows, tries)
        if again is not None and before.said and not again.said:
            raise again.error
        if again is not None and len(again.rows) == len(before.rows):
            return again
        self._passing += 1
        if again is not None:
            self._narrow(again, rounds)
        return None

    def _fails_at(self, rows: Sequence[int], tries: int = 1) -> Failing | None:
        """Send rows; return at which the platform fails, if that may be for what they hold."""
        left = self._attempts.try_briefly(rows, tries)
        if failing := left.failing:
            return failing
        self._follow(left)
        return None

    def _takes(self, row: int) -> bool:
        """Whether the platform takes a row by itself at the first try."""
        if self._attempts.try_briefly([row]).accepted:
            return True
        self._not_taken.add(row)
        return False

    def _others(self, failing: Failing) -> Sequence[int]:
        """A few rows far from each other, at which the platform is not known to fail.

        Those that it has accepted are sent again only where no others are left.
        """
        rows = failing.rows
        known = rows if failing.said or len(rows) == 1 else ()
        but = self._not_taken.union(known)
        return self._attempts.elsewhere(but) or self._attempts.accepted_elsewhere(rows[0], but)

    def _is_outage(self, failing: Failing) -> bool:
        """Whether the platform names so many rows that a part of it must be down."""
        most = max(_MOST_NAMED, int(self._attempts.count * _MOST_NAMED_SHARE))
        return len(failing.said) > most

    def _follow(self, left: Left) -> None:
        """Settle what the platform refuses, or cannot take for a reason that is not in it."""
        if left.failure is not None:
            left = self._attempts.make(left.rows)
        if left.refusal is not None:
            self._refused(left.rows, left.refusal)
