"""Inferences: scored rows with their ids, and what a line gives of them.

Values made once a line or once a row are msgspec structs, which cost a quarter of a frozen
dataclass to make, and `gc=False`: they are never part of a cycle, and having the collector look
at them costs as much as making them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

Row = dict[str, object]
"""An inference as column name → value; values are what JSON can hold."""


class Inference(msgspec.Struct, frozen=True, gc=False):
    """One scored row with its stable id: inferenceId, else eventId, with `_{index}` if several.

    The names are shared by all rows of a route, so that making a row costs no dictionary.
    """

    id: str
    names: tuple[str, ...]
    values: tuple[object, ...]

    @property
    def row(self) -> Row:
        """The row as a dictionary, made anew."""
        # There are as many values as names by construction; checking it costs a third more.
        return dict(zip(self.names, self.values, strict=False))


class Unfound(msgspec.Struct, frozen=True, gc=False):
    """The columns whose names no record of a line has, and the names that records do have.

    Parameters
    ----------
    columns
        Columns that are null for want of their names.
    request, response
        The names in the first record of a payload that lacks some; none of one that lacks none.
    """

    columns: frozenset[str]
    request: tuple[str, ...] = ()
    response: tuple[str, ...] = ()


class ParsedLine(msgspec.Struct, frozen=True, gc=False):
    """What a line, or several alike, hold: the inferences in order, and columns that did not cast.

    `inference_time` is that of the last line that has one; `unfound` is None where every column
    was found in some record. `calls` are the ids of the calls, one a line. `redactions` says how
    many values of which columns were redacted.
    """

    inferences: Sequence[Inference]
    inference_time: str | None = None
    cast_failures: Mapping[str, int] = {}
    unfound: Unfound | None = None
    calls: Sequence[str] = ()
    redactions: Mapping[str, int] = {}
