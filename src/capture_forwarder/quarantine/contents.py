"""What a quarantine holds, counted by reason, capture file and route."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.quarantine.entries import FileEntries


@dataclass
class Group:
    """How many entries there are of one kind, and when the first and the last were rejected."""

    entries: int
    first: str
    last: str


@dataclass
class Contents:
    """What a quarantine holds.

    Parameters
    ----------
    files
        How many files were read.
    groups
        Reason, capture file and route → the entries of that kind.
    problems
        Why some files could not be read.
    """

    files: int = 0
    groups: dict[tuple[str, CaptureFile, str], Group] = field(default_factory=dict)
    problems: list[ForwarderError] = field(default_factory=list)

    def add(self, file: FileEntries) -> None:
        """Count the entries of one file."""
        if file.problem is not None:
            self.problems.append(file.problem)
            return
        self.files += 1
        for entry in (stored.entry for stored in file.entries):
            capture_file = CaptureFile(entry.bucket, entry.key, entry.version_id)
            kind = (entry.reason, capture_file, entry.route)
            group = self.groups.setdefault(kind, Group(0, entry.time, entry.time))
            group.entries += 1
            group.first = min(group.first, entry.time)
            group.last = max(group.last, entry.time)

    @property
    def reasons(self) -> Counter[str]:
        """Reason → entries."""
        counts: Counter[str] = Counter()
        for (reason, _, _), group in self.groups.items():
            counts[reason] += group.entries
        return counts
