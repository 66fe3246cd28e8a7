"""The stored rows that the lines of a chunk ask for, found at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from capture_forwarder.core.inference import Row
from capture_forwarder.core.ports import StoredInferences


class KnownRows:
    """Remembers what it was asked to look up; may be used from several threads.

    Parameters
    ----------
    stored
        Where the rows are.
    """

    def __init__(self, stored: StoredInferences) -> None:
        self._stored = stored
        self._found: Mapping[str, Row | None] = {}

    def look_up(self, ids: Collection[str]) -> None:
        """Find the rows of some ids, and remember them in place of those before."""
        found = self._stored.find(ids)
        self._found = {name: found.get(name) for name in ids}

    def row(self, name: str) -> Row | None:
        """The row of an id; None if there is none."""
        found = self._found
        return found[name] if name in found else self._stored.find([name]).get(name)

    def has_rows(self, call: str, count: int) -> bool:
        """Whether a call has just so many rows, two at least, whose ids end in their numbers."""
        wanted = [f"{call}_{index}" for index in range(count)]
        return set(self._stored.find([*wanted, f"{call}_{count}"])) == set(wanted)
