"""Inferences on their way to one request, the lines they come from, and what a platform says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import msgspec

from capture_forwarder.core.block import Block
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.json_rows import JsonRows
from capture_forwarder.core.line import Place, RawLine


@dataclass(frozen=True)
class BatchLimits:
    """The most of one publish request, and of several.

    `rows` and `bytes` (of captured text) are those of one request; `requests` is how many may be
    under way at once. Where `whole_lines`, a batch holds all inferences of a line or none, and a
    line that is over the limits by itself goes alone.
    """

    rows: int
    bytes: int
    requests: int = 64
    whole_lines: bool = False


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


Piece = Part | Stretch
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
    pieces
        The lines that the inferences come from, in the same order, some of them together.
    place
        How far the object is done once this batch and all before it are; `Place()` when the
        batch is no stretch of its object.
    json_rows
        All inferences as JSON, in their order, in pieces; empty for a publisher that does not
        take it, and for a part of a batch.
    """

    capture_file: CaptureFile
    revision: str
    inferences: Sequence[Inference]
    pieces: Sequence[Piece]
    place: Place
    json_rows: Sequence[JsonRows] = ()

    @classmethod
    def of(cls, inferences: Sequence[Inference], line: RawLine | None = None) -> Self:
        """Make a batch that belongs to no object, as if one line held all inferences."""
        count = len(inferences)
        parts = [Part(line or RawLine(1, 0, b"", 0), 0, count, count)]
        return cls(CaptureFile("", ""), "", inferences, parts, Place())

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
        inferences = self.inferences[start:stop]
        return replace(self, inferences=inferences, pieces=parts, json_rows=())

    def select(self, positions: Sequence[int]) -> Self:
        """Take the inferences at these positions, which must be ascending."""
        pieces = [self.slice(position, position + 1) for position in positions]
        return replace(
            self,
            inferences=[inference for piece in pieces for inference in piece.inferences],
            pieces=[part for piece in pieces for part in piece.parts],
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
