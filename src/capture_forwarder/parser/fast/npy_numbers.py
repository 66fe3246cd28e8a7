"""The short way of npy: tables of numbers as NumPy writes them, unpacked row by row in C."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isfinite
from struct import iter_unpack

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.formats.npy import STRUCT_CODES

Rows = list[tuple[object, ...]]

# Version 1.0, with the header's keys in NumPy's order and spelling.
_TABLE = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)"
    rb"\{'descr': '(?P<order>[<>|])(?P<kind>[fiu][1248])', 'fortran_order': (?P<fortran>True|False)"
    rb", 'shape': \((?P<first>[0-9]{1,9}),(?: (?P<second>[0-9]{1,9}))?\), \} *\n",
    re.DOTALL,
)
_BEFORE_HEADER = 10


def npy_number_reader(types: Sequence[DataType | None]) -> Callable[[bytes], Rows | None]:
    """Compile the short way of npy for one side of a call.

    Parameters
    ----------
    types
        The types of its columns, in order: float, int, or None where they are inferred.

    Returns
    -------
    Callable
        Takes a .npy file; returns the rows, one at least, or None for anything but a table of
        finite numbers of these types.
    """
    width = len(types)
    integers = DataType.FLOAT not in types
    fractions = DataType.INT not in types
    made_floats = set(types) == {DataType.FLOAT}

    def read(raw: bytes) -> Rows | None:
        found = _TABLE.match(raw)
        if found is None:
            return None
        length, order, kind, fortran, *shape = found.groups()
        start = found.end()
        code = STRUCT_CODES.get(kind.decode())
        count = _count([int(n) for n in shape if n], width)
        size = count * width * int(kind[1:])
        if not code or not size or len(raw) - start != size:
            return None
        if int.from_bytes(length, "little") != start - _BEFORE_HEADER:
            return None
        whole = kind[:1] != b"f"
        if not (integers or made_floats if whole else fractions):
            return None
        mark = ">" if order == b">" else "<"
        table = memoryview(raw)[start:]
        rows: Rows
        if fortran == b"True":
            rows = list(zip(*iter_unpack(f"{mark}{count}{code}", table), strict=True))
        else:
            rows = list(iter_unpack(f"{mark}{width}{code}", table))
        if whole:
            return rows if integers else [tuple(map(float, row)) for row in rows]  # type: ignore[arg-type]
        # A sum is finite only if all that it is of are; one that is too large may as well decline.
        return rows if isfinite(sum(map(sum, rows))) else None  # type: ignore[arg-type]

    return read


def _count(shape: Sequence[int], width: int) -> int:
    """How many records an array of one or two dimensions holds; 0 if they are of another width."""
    if len(shape) == 1 and width == 1:
        return shape[0]
    count, columns = (1, *shape)[-2:]
    return count if columns == width else 0
