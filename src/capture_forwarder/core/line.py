"""Lines as bytes, and positions between them."""

from __future__ import annotations

import msgspec


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """How far a capture file is done.

    Parameters
    ----------
    offset, lines
        The bytes (unzipped) and the number of all lines that are done.
    rows
        How many inferences of the line behind them are done too.
    """

    offset: int = 0
    lines: int = 0
    rows: int = 0


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a capture file.

    `number` counts from 1; `offset` is in bytes from the start of the (unzipped) file;
    `data` has no line end, which `ended` says whether there was one. When `too_long`, `data` is
    only the line's beginning and `length` its true size.
    """

    number: int
    offset: int
    data: bytes
    length: int
    too_long: bool = False
    ended: bool = True

    def before(self, row: int = 0) -> Position:
        """How far the file is done when all lines in front of this one are, and so many rows."""
        return Position(self.offset, self.number - 1, row)

    @property
    def position(self) -> Position:
        """How far the file is done when this line is."""
        return Position(self.offset + self.length + self.ended, self.number)
