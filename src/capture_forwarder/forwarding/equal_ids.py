"""How many lines of a file have an id that an earlier line has, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_REMEMBERED = 20_000


class EqualIds:
    """Counts lines whose call has the id of an earlier one.

    Of a large file only the first lines are looked at, since whoever writes one id twice mostly
    does so from the start; the count is then at least so many.
    """

    def __init__(self) -> None:
        self.count = 0
        self._seen: set[int] = set()

    def add(self, calls: Sequence[str]) -> None:
        """Take account of the ids of calls, one a line."""
        seen = self._seen
        if len(seen) < _MOST_REMEMBERED:
            before = len(seen)
            seen.update(map(hash, calls))
            self.count += len(calls) - (len(seen) - before)
