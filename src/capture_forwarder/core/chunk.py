"""Consecutive lines of a capture file, read at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from capture_forwarder.core.line import Line, Position

_SMALL = 4


class Chunk(msgspec.Struct, frozen=True):
    """Whole lines, each with its newline; a line is cut out only when somebody asks for it.

    Parameters
    ----------
    data
        The lines' bytes; what may stand in front of the first and behind the last of them is not
        looked at.
    ends
        Where in `data` the newlines are; at least one.
    start
        How far the file is done when all lines in front of these are.
    begin
        Where in `data` the first line begins.
    """

    data: bytes
    ends: Sequence[int]
    start: Position
    begin: int = 0

    def __len__(self) -> int:
        return len(self.ends)

    def line(self, index: int) -> Line:
        """Cut out one line."""
        begin, end = self._begin(index), self.ends[index]
        number = self.start.lines + index + 1
        offset = self.start.offset + begin - self.begin
        return Line(number, offset, self.data[begin:end], end - begin)

    def texts(self, count: int) -> list[bytes]:
        """Cut out the bytes of the first lines, without their newlines."""
        ends = self.ends[:count]
        begins = [self.begin, *[end + 1 for end in ends[:-1]]]
        return [self.data[begin:end] for begin, end in zip(begins, ends, strict=True)]

    def part(self, first: int, stop: int) -> Chunk:
        """The lines from `first` up to `stop`, as far as there are as many."""
        if not first and stop >= len(self.ends):
            return self
        begin, ends = self._begin(first), self.ends[first:stop]
        start = Position(self.start.offset + begin - self.begin, self.start.lines + first)
        if (ends[-1] + 1 - begin) * _SMALL > len(self.data):
            return Chunk(self.data, ends, start, begin)
        # A few lines that are kept must not keep all that were read with them.
        data = self.data[begin : ends[-1] + 1]
        return Chunk(data, [end - begin for end in ends], start)

    def fitting(self, most: int, size: int) -> int:
        """How many of the first lines, but `most`, have no more than `size` bytes in all."""
        most = min(most, len(self.ends))
        if most <= 0 or self.size(most) <= size:
            return max(0, most)
        return bisect_right(range(1, most + 1), size, key=self.size)

    def size(self, count: int) -> int:
        """How many bytes the first lines have, their newlines aside; `count` is one at least."""
        return self.ends[count - 1] + 1 - self.begin - count

    def _begin(self, index: int) -> int:
        return self.ends[index - 1] + 1 if index else self.begin
