"""Inferences on their way to one request, the lines they come from, and what a platform says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import msgspec

from capture_forwarder.block import Block
from capture_forwarder.model import BatchLimits, CaptureObject, Inference, Place, RawLine

# The most that is read past, of what is rejected, while a batch fills.
_SKIPPED_LINES = 1000
_SKIPPED_BYTES = 4 * 1024 * 1024


class Part(msgspec.Struct, frozen=True, gc=False):
    """The inferences of one line that stand in a batch: from `first` on, `count` of `total`."""

    line: RawLine
    first: int
    count: int
    total: int


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """Neighbouring lines of a block, `count` from `first` on, with an inference each."""

    block: Block
    first: int
    count: int

    def parts(self) -> Iterator[Part]:
        """Yield the lines one by one."""
        for index in range(self.first, self.first + self.count):
            yield Part(self.block.line(index), 0, 1, 1)


@dataclass(frozen=True)
class Batch:
    """The inferences of one request.

    Parameters
    ----------
    source, revision
        The object they come from, and which content of it; see `OpenedObject`.
    inferences
        What is published, in the object's order.
    pieces
        The lines that the inferences come from, in the same order, some of them together.
    place
        How far the object is done once this batch and all before it are; `Place()` when the
        batch is no stretch of its object.
    """

    source: CaptureObject
    revision: str
    inferences: Sequence[Inference]
    pieces: Sequence[Part | Stretch]
    place: Place

    @classmethod
    def of(cls, inferences: Sequence[Inference], line: RawLine | None = None) -> Self:
        """Make a batch that belongs to no object, as if one line held all inferences."""
        count = len(inferences)
        parts = [Part(line or RawLine(1, 0, b"", 0), 0, count, count)]
        return cls(CaptureObject("", ""), "", inferences, parts, Place())

    def __len__(self) -> int:
        return len(self.inferences)

    @cached_property
    def parts(self) -> Sequence[Part]:
        """The lines that the inferences come from, one by one."""
        whole: list[Part] = []
        for piece in self.pieces:
            whole += piece.parts() if isinstance(piece, Stretch) else [piece]
        return whole

    @property
    def start(self) -> tuple[int, int]:
        """Where the batch begins: the offset of its first line, and the index in that line.

        Where lines stay whole, the same object cut into batches once more has the same batch,
        whatever happened in between: where it is cut depends on its lines alone, and resuming
        begins where a batch ended.
        """
        piece = self.pieces[0]
        if isinstance(piece, Stretch):
            return piece.block.line(piece.first).offset, 0
        return piece.line.offset, piece.first

    def lines(self) -> Iterator[tuple[Part, Sequence[Inference]]]:
        """Yield each line with its inferences in this batch."""
        at = 0
        for part in self.parts:
            yield part, self.inferences[at : at + part.count]
            at += part.count

    def origin(self, position: int) -> tuple[RawLine, int]:
        """Find the line of an inference, and its index among the line's inferences."""
        at = 0
        for part in self.parts:
            if position < at + part.count:
                return part.line, part.first + position - at
            at += part.count
        raise IndexError(position)

    def slice(self, start: int, stop: int) -> Self:
        """Take the inferences from `start` up to `stop`."""
        parts = []
        at = 0
        for part in self.parts:
            low, high = max(start, at), min(stop, at + part.count)
            if low < high:
                parts.append(Part(part.line, part.first + low - at, high - low, part.total))
            at += part.count
        return replace(self, inferences=self.inferences[start:stop], pieces=parts)

    def select(self, positions: Sequence[int]) -> Self:
        """Take the inferences at these positions, which must be ascending."""
        pieces = [self.slice(position, position + 1) for position in positions]
        return replace(
            self,
            inferences=[inference for piece in pieces for inference in piece.inferences],
            pieces=[part for piece in pieces for part in piece.parts],
        )


@dataclass(frozen=True)
class Receipt:
    """What a platform says of a batch; an inference that is not named was accepted.

    Parameters
    ----------
    refused
        Position in the batch → the platform's words, which may quote values.
    again
        The positions that the platform could not take now, ascending; none of them is refused.
    retry_after
        Seconds to wait before those are sent again, if the platform asked for it.
    """

    refused: Mapping[int, str] = field(default_factory=dict)
    again: Sequence[int] = ()
    retry_after: float | None = None


ACCEPTED = Receipt()
"""Every inference was accepted."""


@dataclass
class BatchBuilder:
    """Collects inferences of one object and cuts them into batches within a platform's limits.

    A batch begins with its first line, and where it ends depends on the lines from there alone.
    """

    limits: BatchLimits
    source: CaptureObject
    revision: str
    _inferences: list[Inference] = field(default_factory=list)
    _pieces: list[Part | Stretch] = field(default_factory=list)
    _bytes: float = 0.0
    _skipped: int = 0
    _skipped_bytes: int = 0

    def add(self, line: RawLine, inferences: Sequence[Inference]) -> list[Batch]:
        """Add a line's inferences; return the batches that are full now, in order.

        The place of one that ends inside the line is in front of it, since the line is not done.

        Parameters
        ----------
        line
            The line they come from.
        inferences
            All inferences of the line.
        """
        total = len(inferences)
        limits = self.limits
        size = self._bytes + line.length
        # Most lines fit whole and leave room.
        if size <= limits.bytes and len(self._inferences) + total < limits.rows:
            self._inferences += inferences
            self._pieces.append(Part(line, 0, total, total))
            self._bytes = size
            return []
        full = self._add_in_parts(line, inferences, total)
        if self.is_full:
            full += self.cut(line.place)
        return full

    def extend(self, block: Block, first: int, inferences: Sequence[Inference]) -> int:
        """Add as many lines of a block, from `first` on, as there is room for.

        Parameters
        ----------
        block, first
            The lines, and which of them comes next.
        inferences
            Those of the whole block: one each line.

        Returns
        -------
        int
            How many were added; one always is when nothing was collected before.
        """
        limits = self.limits
        rows = limits.rows - len(self._inferences)
        count = block.fitting(first, rows, int(limits.bytes - self._bytes))
        if not count and not self._inferences:
            count = 1
        if count:
            self._inferences += inferences[first : first + count]
            self._pieces.append(Stretch(block, first, count))
            self._bytes += block.size(first, count)
        return count

    def _add_in_parts(
        self, line: RawLine, inferences: Sequence[Inference], total: int
    ) -> list[Batch]:
        full = []
        share = line.length / total
        taken = 0
        while taken < total:
            room = self._room(share, total)
            if room == 0:
                full += self.cut(line.before)
                continue
            part = inferences[taken : taken + room] if taken or room < total else inferences
            self._pieces.append(Part(line, taken, len(part), total))
            self._inferences += part
            self._bytes += share * len(part)
            taken += len(part)
        return full

    def skip(self, line: RawLine) -> list[Batch]:
        """Note a line that gives no inferences but takes memory while the batch fills.

        Returns
        -------
        list
            The batch, if enough was rejected since it began.
        """
        if not self._inferences:
            return []
        self._skipped += 1
        self._skipped_bytes += len(line.data)
        enough = self._skipped >= _SKIPPED_LINES or self._skipped_bytes >= _SKIPPED_BYTES
        return self.cut(line.place) if enough else []

    def cut(self, place: Place) -> list[Batch]:
        """Return what was collected as a batch, or nothing if nothing was."""
        if not self._inferences:
            return []
        batch = Batch(self.source, self.revision, self._inferences, self._pieces, place)
        self._inferences, self._pieces = [], []
        self._bytes = 0.0
        self._skipped = self._skipped_bytes = 0
        return [batch]

    @property
    def is_full(self) -> bool:
        """Whether not one more row fits."""
        return len(self._inferences) >= self.limits.rows

    @property
    def is_empty(self) -> bool:
        """Whether nothing is collected, so that a batch begins with whatever comes next."""
        return not self._inferences

    def _room(self, share: float, total: int) -> int:
        """How many inferences of this size fit; one always does in an empty batch.

        Where lines stay whole, a line's inferences fit all or not at all, and all of them do in
        an empty batch.
        """
        by_rows = self.limits.rows - len(self._inferences)
        by_bytes = int((self.limits.bytes - self._bytes) / share) if share else by_rows
        room = max(0, min(by_rows, by_bytes))
        if self.limits.whole_lines:
            return total if room >= total or not self._inferences else 0
        return room if room or self._inferences else 1
