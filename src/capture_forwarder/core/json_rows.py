"""Rows as JSON objects, the way that platforms take them which want a list of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import starmap

import msgspec

JsonRows = bytes
"""Rows as JSON objects in UTF-8, column → value, with `BETWEEN` between them; at least one."""

BETWEEN = ",\n"
"""Parts rows. JSON texts hold no newline as it stands, so that rows can be told apart again."""

_encode_lines = msgspec.json.Encoder().encode_lines


class JsonRowEncoder:
    """Writes rows as JSON objects; may be called by several threads.

    Not a number and infinities become null, which JSON has instead.
    """

    def __init__(self) -> None:
        self._last: tuple[Sequence[str], Callable[..., object]] = ((), dict)

    def __call__(self, names: tuple[str, ...], values: Sequence[tuple[object, ...]]) -> JsonRows:
        """Write rows.

        Parameters
        ----------
        names
            Their columns.
        values
            The values of one row at least, in the order of the columns.
        """
        of_names, row = self._last
        if of_names is not names:
            row = row_type(names)
            self._last = names, row
        lines = _encode_lines(list(starmap(row, values)))
        return lines.replace(b"\n", BETWEEN.encode())[: -len(BETWEEN)]


def split_rows(rows: JsonRows) -> list[JsonRows]:
    """Part rows, so that each is a document of its own."""
    return rows.split(BETWEEN.encode())


def take_rows(rows: JsonRows, first: int, stop: int) -> JsonRows:
    """Take the rows from `first` up to `stop`, of which there is one at least."""
    begin = end = 0
    for row in range(stop):
        if row == first:
            begin = end
        # A newline stands nowhere but between rows, and one byte is found sooner than two.
        end = rows.find(b"\n", end) + 1
        if not end:
            return rows[begin:]
    return rows[begin : end - len(BETWEEN)]


def row_type(names: Sequence[str]) -> Callable[..., object]:
    """Make a function from values, in the order of the names, to what encodes as their object.

    A struct type is that, and spares the dictionary, which takes as long as its encoding.
    """
    return row_struct(names) or (lambda *values: dict(zip(names, values, strict=True)))


def row_struct(
    names: Sequence[str], kinds: Iterable[object] | None = None
) -> type[msgspec.Struct] | None:
    """Make a struct type of rows with these columns.

    Parameters
    ----------
    names
        The columns; their fields are `column_0` and so on.
    kinds
        The type of each column's values, as msgspec takes it; any by default.

    Returns
    -------
    type or None
        None for names that msgspec does not take: with a quote, a backslash or a control
        character.
    """
    fields = [(f"column_{n}", kind) for n, kind in enumerate(kinds or [object] * len(names))]
    renamed = {field: name for (field, _), name in zip(fields, names, strict=True)}
    try:
        return msgspec.defstruct("Row", fields, rename=renamed, gc=False)
    except ValueError:
        return None
