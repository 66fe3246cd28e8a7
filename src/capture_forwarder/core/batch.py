"""Inferences on their way to one request, the lines they come from, and what a platform says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import msgspec

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.json_rows import JsonRows
from capture_forwarder.core.line import Line, Position


@dataclass(frozen=True)
class BatchLimits:
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
    """Neighbouring lines of a chunk, `count` from `first` on, with an inference each."""

    chunk: Chunk
    first: int
    count: int

    def line_slices(self) -> Iterator[LineSlice]:
        """Yield the lines one by one."""
        for index in range(self.first, self.first + self.count):
            yield LineSlice(self.chunk.line(index), 0, 1, 1)


Slice = LineSlice | ChunkSlice
"""What a batch is made of."""


@dataclass(frozen=True)
class Batch:
    """The inferences of one request.

    Parameters
    ----------
    capture_file, revision
        The object they come from, and which content of it; see `OpenedFile`.
    inferences
        What is published, in the object's order.
    slices
        The lines that the inferences come from, in the same order, some of them together.
    position
        How far the object is done once this batch and all before it are; `Position()` when the
        batch is no stretch of its object.
    json_rows
        All inferences as JSON, in their order, in fragments; empty for a publisher that does not
        take it, and for a part of a batch.
    repeats
        How often these inferences were sent before in this delivery, as far as is known in vain:
        0 for the first try.
    """

    capture_file: CaptureFile
    revision: str
    inferences: Sequence[Inference]
    slices: Sequence[Slice]
    position: Position
    json_rows: Sequence[JsonRows] = ()
    repeats: int = 0

    @classmethod
    def of(cls, inferences: Sequence[Inference], line: Line | None = None) -> Self:
        """Make a batch that belongs to no object, as if one line held all inferences."""
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
    def start(self) -> tuple[int, int]:
        """Where the batch begins: the offset of its first line, and the index in that line.

        Where lines stay whole, the same object cut into batches once more has the same batch,
        whatever happened in between: where it is cut depends on its lines alone, and resuming
        begins where a batch ended.
        """
        slice_ = self.slices[0]
        if isinstance(slice_, ChunkSlice):
            return slice_.chunk.line(slice_.first).offset, 0
        return slice_.line.offset, slice_.first

    def lines(self) -> Iterator[tuple[LineSlice, Sequence[Inference]]]:
        """Yield each line with its inferences in this batch."""
        at = 0
        for part in self.line_slices:
            yield part, self.inferences[at : at + part.count]
            at += part.count

    def origin(self, position: int) -> tuple[Line, int]:
        """Find the line of an inference, and its index among the line's inferences."""
        at = 0
        for part in self.line_slices:
            if position < at + part.count:
                return part.line, part.first + position - at
            at += part.count
        raise IndexError(position)

    def slice(self, start: int, stop: int) -> Self:
        """Take the inferences from `start` up to `stop`."""
        parts = []
        at = 0
        for part in self.line_slices:
            low, high = max(start, at), min(stop, at + part.count)
            if low < high:
                parts.append(LineSlice(part.line, part.first + low - at, high - low, part.total))
            at += part.count
        inferences = self.inferences[start:stop]
        return replace(self, inferences=inferences, slices=parts, json_rows=())

    def select(self, positions: Sequence[int]) -> Self:
        """Take the inferences at these positions, which must be ascending."""
        slices = [self.slice(position, position + 1) for position in positions]
        return replace(
            self,
            inferences=[inference for slice_ in slices for inference in slice_.inferences],
            slices=[part for slice_ in slices for part in slice_.line_slices],
            json_rows=(),
        )


class Receipt(msgspec.Struct, frozen=True):
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

    refused: Mapping[int, str] = msgspec.field(default_factory=dict)
    again: Sequence[int] = ()
    retry_after: float | None = None


ACCEPTED = Receipt()
"""Every inference was accepted."""
