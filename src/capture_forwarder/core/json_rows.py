"""Rows as JSON objects, the way that platforms take them which want a list of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import starmap

import msgspec

JsonRows = bytes | memoryview
"""Rows as JSON objects in UTF-8, column → value, with commas between; at least one."""

_encode = msgspec.json.Encoder().encode


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
        return memoryview(_encode(list(starmap(row, values))))[1:-1]


def row_type(names: Sequence[str]) -> Callable[..., object]:
    """Make a function from values, in the order of the names, to what encodes as their object.

    A struct type is that, and spares the dictionary, which takes as long as its encoding.
    """
    fields = [f"column_{n}" for n in range(len(names))]
    renamed = dict(zip(fields, names, strict=True))
    try:
        return msgspec.defstruct("Row", fields, rename=renamed, gc=False)
    except ValueError:
        # msgspec takes no name with a quote, a backslash or a control character.
        return lambda *values: dict(zip(names, values, strict=True))
