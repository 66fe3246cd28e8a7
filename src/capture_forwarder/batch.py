"""Inferences on their way to one request, and the lines that they come from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from capture_forwarder.model import BatchLimits, Inference, Place, RawLine


@dataclass(frozen=True)
class Batch:
    """The inferences of one request.

    Parameters
    ----------
    inferences
        What is published.
    starts, lines, offsets
        Where in the batch the inferences of a line begin, the line, and which of the line's
        inferences is the first here.
    place
        How far the object is done once this batch and all before it are.
    """

    inferences: Sequence[Inference]
    starts: Sequence[int]
    lines: Sequence[RawLine]
    offsets: Sequence[int]
    place: Place

    def origins(self, wanted: Sequence[Inference]) -> list[tuple[RawLine, int]]:
        """Find the line of each inference and its index among the line's inferences."""
        if not wanted:
            return []
        positions = {id(inference): n for n, inference in enumerate(self.inferences)}
        found = []
        for inference in wanted:
            position = positions[id(inference)]
            part = bisect_right(self.starts, position) - 1
            index = self.offsets[part] + position - self.starts[part]
            found.append((self.lines[part], index))
        return found


@dataclass
class BatchBuilder:
    """Collects inferences and cuts them into batches within a platform's limits."""

    limits: BatchLimits
    _inferences: list[Inference] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _lines: list[RawLine] = field(default_factory=list)
    _offsets: list[int] = field(default_factory=list)
    _bytes: float = 0.0

    def add(self, line: RawLine, inferences: Sequence[Inference], before: Place) -> list[Batch]:
        """Add a line's inferences; return the batches that are full now.

        Parameters
        ----------
        line
            The line they come from.
        inferences
            All inferences of the line.
        before
            The place in front of the line: a batch that ends inside the line does not finish it.
        """
        full = []
        share = line.length / len(inferences)
        taken = 0
        while taken < len(inferences):
            room = self._room(share)
            if room == 0:
                full += self.cut(before)
                continue
            part = inferences[taken : taken + room]
            self._starts.append(len(self._inferences))
            self._lines.append(line)
            self._offsets.append(taken)
            self._inferences += part
            self._bytes += share * len(part)
            taken += len(part)
        return full

    def cut(self, place: Place) -> list[Batch]:
        """Return what was collected as a batch, or nothing if nothing was."""
        if not self._inferences:
            return []
        batch = Batch(self._inferences, self._starts, self._lines, self._offsets, place)
        self._inferences, self._starts, self._lines, self._offsets = [], [], [], []
        self._bytes = 0.0
        return [batch]

    def is_full(self) -> bool:
        """Whether not one more row fits."""
        return len(self._inferences) >= self.limits.rows

    def _room(self, share: float) -> int:
        """How many inferences of this size fit; one always does in an empty batch."""
        by_rows = self.limits.rows - len(self._inferences)
        by_bytes = int((self.limits.bytes - self._bytes) / share) if share else by_rows
        room = max(0, min(by_rows, by_bytes))
        return room if room or self._inferences else 1
