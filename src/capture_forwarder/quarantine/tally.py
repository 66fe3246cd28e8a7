"""What became of quarantine entries that were sent again, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.quarantine_entry import QuarantineEntry


@dataclass
class Counts:
    """What became of entries: each is counted in `entries` and in one other field.

    Parameters
    ----------
    delivered
        Every inference that it stands for was accepted.
    empty
        Its line holds no inference with the present settings.
    repeated
        The same entry was delivered from another file just before.
    rejected
        It was rejected or refused again and stays, with its new reason.
    cut
        It stays: it holds only the beginning of its line.
    unsent
        It stays: the platform accepted nothing more.
    """

    entries: int = 0
    delivered: int = 0
    empty: int = 0
    repeated: int = 0
    rejected: int = 0
    cut: int = 0
    unsent: int = 0

    @property
    def left(self) -> int:
        """How many stay that should have been delivered."""
        return self.rejected + self.cut + self.unsent


@dataclass
class RouteTally:
    """What became of the entries of one route.

    Parameters
    ----------
    inferences
        How many were accepted.
    reasons
        The reason that entries had → what became of them.
    again, examples
        The reason that they have now → how many rejections, and what one of them says.
    longest_cut
        Of the entries that hold only the beginning of their line, the one with the longest line.
    stopped
        Why the platform accepts nothing more.
    """

    inferences: int = 0
    reasons: dict[str, Counts] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    longest_cut: QuarantineEntry | None = None
    stopped: ForwarderError | None = None

    def counts(self, entry: QuarantineEntry) -> Counts:
        """The counts of an entry's reason."""
        return self.reasons.setdefault(entry.reason, Counts())

    def note(self, reason: str, detail: str) -> None:
        """Count an entry that was rejected again."""
        self.again[reason] += 1
        self.examples.setdefault(reason, detail)

    def note_cut(self, entry: QuarantineEntry) -> None:
        """Count an entry that holds only the beginning of its line."""
        self.counts(entry).cut += 1
        self.longest_cut = _longer(self.longest_cut, entry)

    @property
    def total(self) -> Counts:
        """All reasons together."""
        return _sum(self.reasons.values())


@dataclass
class Tally:
    """What became of a quarantine.

    Parameters
    ----------
    routes
        Route → what became of its entries.
    files
        How many files were read.
    other_routes
        Route → entries that were left alone, since the settings are those of other routes.
    problems
        Why some files could not be used.
    files_left
        How many files were not read, since no platform accepted anything more.
    """

    routes: dict[str, RouteTally]
    files: int = 0
    other_routes: Counter[str] = field(default_factory=Counter)
    problems: list[ForwarderError] = field(default_factory=list)
    files_left: int = 0

    @property
    def together(self) -> RouteTally:
        """All routes as one; it stopped where one of them did."""
        whole = RouteTally()
        for route in self.routes.values():
            whole.inferences += route.inferences
            for reason, counts in route.reasons.items():
                whole.reasons[reason] = _sum([whole.reasons.get(reason, Counts()), counts])
            whole.again += route.again
            whole.examples = route.examples | whole.examples
            if route.longest_cut is not None:
                whole.longest_cut = _longer(whole.longest_cut, route.longest_cut)
            whole.stopped = whole.stopped or route.stopped
        return whole

    @property
    def total(self) -> Counts:
        """All routes and reasons together."""
        return self.together.total

    @property
    def complete(self) -> bool:
        """Whether nothing stays that should have been delivered."""
        return not (self.total.left or self.problems or self.together.stopped)


def _sum(parts: Iterable[Counts]) -> Counts:
    total = Counts()
    for counts in parts:
        for name in (found.name for found in fields(Counts)):
            setattr(total, name, getattr(total, name) + getattr(counts, name))
    return total


def _longer(one: QuarantineEntry | None, other: QuarantineEntry) -> QuarantineEntry:
    return other if one is None or other.length > one.length else one
