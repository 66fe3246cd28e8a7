"""Inferences on their way to one request, the lines they come from, and what a platform says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Self

import msgspec
from msgspec.structs import replace

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.inferences import Inferences, WrittenInferences
from capture_forwarder.core.json_rows import JsonRows
from capture_forwarder.core.line import Line, Position


class BatchLimits(msgspec.Struct, frozen=True):
    """The most of one publish request, and of several.

    `rows` and `bytes` (of captured text) are those of one request; `requests` is how many may be
    in flight at once. Where `whole_lines`, a batch holds all inferences of a line or none, and a
    line that is over the limits by itself goes alone.
    """

    rows: int
    bytes: int
    requests: int = 64
    whole_lines: bool = False


class LineSlice(msgspec.Struct, frozen=True, gc=False):
    """The inferences of one line that stand in a batch: from `first` on, `count` of `total`."""

    line: Line
    first: int
    count: int
    total: int


class ChunkSlice(msgspec.Struct, frozen=True, gc=False):
    """The first lines of a chunk with all of their inferences, `counts` of them each."""

    chunk: Chunk
    counts: Sequence[int]

    def line_slices(self) -> Iterator[LineSlice]:
        """Yield the lines one by one."""
        for index, count in enumerate(self.counts):
            yield LineSlice(self.chunk.line(index), 0, count, count)


Slice = LineSlice | ChunkSlice
"""What a batch is made of."""


class Batch(msgspec.Struct, frozen=True, dict=True):
    """The inferences of one request.

    Parameters
    ----------
    capture_file, revision
        The capture file they come from, and which content of it; see `OpenedFile`.
    inferences
        What is published, in the file's order.
    slices
        The lines that the inferences come from, in the same order, some of them together.
    position
        How far the capture file is done once this batch and all before it are; `Position()` when
        the batch is not a part of one in order.
    repeats
        How often these inferences were sent before in this delivery, as far as is known in vain:
        0 for the first try.
    """

    capture_file: CaptureFile
    revision: str
    inferences: Sequence[Inference]
    slices: Sequence[Slice]
    position: Position
    repeats: int = 0

    @classmethod
    def of(cls, inferences: Sequence[Inference], line: Line | None = None) -> Self:
        """Make a batch that belongs to no capture file, as if one line held all inferences."""
        count = len(inferences)
        parts = [LineSlice(line or Line(1, 0, b"", 0), 0, count, count)]
        return cls(CaptureFile("", ""), "", inferences, parts, Position())

    def __len__(self) -> int:
        return len(self.inferences)

    @cached_property
    def line_slices(self) -> Sequence[LineSlice]:
        """The lines that the inferences come from, one by one."""
        whole: list[LineSlice] = []
        for slice_ in self.slices:
            whole += slice_.line_slices() if isinstance(slice_, ChunkSlice) else [slice_]
        return whole

    @property
    def json_rows(self) -> Sequence[JsonRows]:
        """All inferences as JSON, in order, in fragments; none where they are not written."""
        return self.inferences.fragments if isinstance(self.inferences, WrittenInferences) else ()

    @property
    def ids(self) -> Sequence[str]:
        """The id of each inference."""
        if isinstance(self.inferences, (Inferences, WrittenInferences)):
            return self.inferences.ids
        return [inference.id for inference in self.inferences]

    @property
    def start(self) -> tuple[int, int]:
        """Where the batch begins: the offset of its first line, and the index in that line.

        Where lines stay whole, the same capture file cut into batches once more has the same
        batch, whatever happened in between: where it is cut depends on its lines alone, and
        resuming begins where a batch ended.
        """
        slice_ = self.slices[0]
        if isinstance(slice_, ChunkSlice):
            return slice_.chunk.line(0).offset, 0
        return slice_.line.offset, slice_.first

    def lines(self) -> Iterator[tuple[LineSlice, Sequence[Inference]]]:
        """Yield each line with its inferences in this batch."""
        for at, part in zip(self._starts, self.line_slices, strict=True):
            yield part, self.inferences[at : at + part.count]

    def origin(self, index: int) -> tuple[Line, int]:
        """Find the line of an inference, and its index among the line's inferences."""
        part, within = self._find(index)
        return part.line, part.first + within

    def position_after(self, count: int) -> Position:
        """How far the file is done when so many inferences are, and all batches before."""
        if count == len(self):
            return self.position
        line, row = self.origin(count)
        return line.before(row)

    def slice(self, start: int, stop: int) -> Self:
        """Take the inferences from `start` up to `stop`."""
        parts = []
        first = bisect_right(self._starts, start) - 1
        for at, part in zip(self._starts[first:], self.line_slices[first:], strict=True):
            if at >= stop:
                break
            low, high = max(start, at), min(stop, at + part.count)
            parts.append(LineSlice(part.line, part.first + low - at, high - low, part.total))
        inferences = self.inferences[start:stop]
        return replace(self, inferences=inferences, slices=parts)

    def select(self, indexes: Sequence[int]) -> Self:
        """Take the inferences at these indexes, which must be ascending."""
        parts = []
        for index in indexes:
            part, within = self._find(index)
            parts.append(LineSlice(part.line, part.first + within, 1, part.total))
        inferences = self.inferences
        if isinstance(inferences, WrittenInferences):
            return replace(self, inferences=inferences.select(indexes), slices=parts)
        return replace(self, inferences=[inferences[n] for n in indexes], slices=parts)

    @cached_property
    def _starts(self) -> Sequence[int]:
        """The index of each line's first inference in this batch."""
        counts = (part.count for part in self.line_slices)
        return [0, *accumulate(counts)][:-1]

    def _find(self, index: int) -> tuple[LineSlice, int]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        at = bisect_right(self._starts, index) - 1
        return self.line_slices[at], index - self._starts[at]


class Receipt(msgspec.Struct, frozen=True):
    """What a platform says of a batch; an inference that is not named was accepted.

    Parameters
    ----------
    refused
        Index in the batch → the platform's words, which may quote values.
    again
        The indexes that the platform could not take now, ascending; none of them is refused.
    retry_after
        Seconds to wait before those are sent again, if the platform asked for it.
    failed
        Index → the platform's words, for those of `again` at which it failed: a status of 5xx,
        and not one that says that it is busy.
    """

    refused: Mapping[int, str] = msgspec.field(default_factory=dict)
    again: Sequence[int] = ()
    retry_after: float | None = None
    failed: Mapping[int, str] = msgspec.field(default_factory=dict)


ACCEPTED = Receipt()
"""Every inference was accepted."""
