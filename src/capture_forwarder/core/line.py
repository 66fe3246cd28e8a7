"""Lines as bytes, and positions between them."""

from __future__ import annotations

import msgspec


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """How far an object is done: bytes (unzipped) and lines from its start."""

    offset: int = 0
    lines: int = 0


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of an object.

    `number` counts from 1; `offset` is in bytes from the start of the (unzipped) object;
    `data` has no line end, which `ended` says whether there was one. When `too_long`, `data` is
    only the line's beginning and `length` its true size.
    """

    number: int
    offset: int
    data: bytes
    length: int
    too_long: bool = False
    ended: bool = True

    @property
    def before(self) -> Position:
        """How far the object is done when all lines in front of this one are."""
        return Position(self.offset, self.number - 1)

    @property
    def position(self) -> Position:
        """How far the object is done when this line is."""
        return Position(self.offset + self.length + self.ended, self.number)
