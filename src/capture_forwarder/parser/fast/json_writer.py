"""The shortest way: rows of plain numbers, written as JSON from the text that was captured.

Compiled code does it (`json_rows.c`), without a Python object for each number, which is what the
short way spends most of its time on. It takes CSV alone, and refuses what is not surely the same
to JSON. Where it was not compiled, rows are read and written by the short way as ever.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from pathlib import Path

import msgspec

from capture_forwarder.core.inference import Inference
from capture_forwarder.core.inferences import WrittenInferences
from capture_forwarder.core.json_rows import row_type
from capture_forwarder.core.schema import DataType

LIBRARY = Path(__file__).with_name("json_rows.so")
"""What `lambda_package/compile_rows.py` makes of `json_rows.c`."""

_encode = msgspec.json.encode
_encode_lines = msgspec.json.Encoder().encode_lines
_KINDS = {None: 0, DataType.FLOAT: 1, DataType.INT: 2}
# An empty cell becomes null, the longest thing that is added; rows have commas between.
_MORE_A_COLUMN, _MORE_A_ROW = len("null"), 2


class _Column(ctypes.Structure):
    _fields_ = (
        ("front", ctypes.c_char_p),
        ("front_length", ctypes.c_int64),
        ("kind", ctypes.c_int64),
    )


class JsonWriter:
    """Writes rows of one route.

    Parameters
    ----------
    library
        Where `json_rows.c` lies, compiled for this machine.
    names
        The columns of a row: those of the request, of the response, and what stands behind.
    inputs, outputs
        The types of the columns of the request and of the response, in order; None where any
        number will do.

    Raises
    ------
    OSError
        The library cannot be loaded.
    """

    def __init__(
        self,
        library: Path,
        names: Sequence[str],
        inputs: Sequence[DataType | None],
        outputs: Sequence[DataType | None],
    ) -> None:
        types = [*inputs, *outputs]
        self._write = _load(library)
        self._columns = (_Column * len(types))()
        self._widths = len(inputs), len(outputs)
        for number, (column, known) in enumerate(zip(self._columns, types, strict=True)):
            front = (b"," if number else b"{") + _encode(names[number]) + b":"
            column.front, column.front_length, column.kind = front, len(front), _KINDS[known]
        self._row_bytes = _MORE_A_ROW + sum(
            column.front_length + _MORE_A_COLUMN for column in self._columns
        )
        self._tail = row_type(names[len(types) :])

    def __call__(
        self,
        sent: str,
        answered: str,
        tails: Iterable[tuple[object, ...]],
        count: int,
        read: Callable[[], Sequence[Inference]],
    ) -> WrittenInferences | None:
        """Write rows.

        Parameters
        ----------
        sent, answered
            The CSV of both sides, a line a row.
        tails
            What stands behind the captured values of each row.
        count
            How many rows there are.
        read
            Reads the same rows in another way, for whoever asks for their values.

        Returns
        -------
        WrittenInferences or None
            None if there is anything but plain numbers and empty cells, or not so many rows.
        """
        if not (sent.isascii() and answered.isascii()):
            return None
        behind = _encode_lines(list(starmap(self._tail, tails)))
        texts = (sent.encode(), answered.encode(), behind)
        size = sum(map(len, texts)) + count * self._row_bytes
        written, ends = bytearray(size), array("q", bytes(8 * count))
        done = self._write(
            self._columns,
            *self._widths,
            *(part for text in texts for part in (text, len(text))),
            count,
            ctypes.byref(ctypes.c_char.from_buffer(written)),
            size,
            ctypes.byref(ctypes.c_int64.from_buffer(ends)),
        )
        return WrittenInferences(memoryview(written), ends, read, 0, count) if done else None


def json_writer(
    names: Sequence[str],
    inputs: Sequence[DataType | None],
    outputs: Sequence[DataType | None],
) -> JsonWriter | None:
    """Make a writer for a route; see `JsonWriter`.

    Returns
    -------
    JsonWriter or None
        None if there is no compiled library here, or if not all columns hold numbers.
    """
    plain = inputs and outputs and all(known in _KINDS for known in (*inputs, *outputs))
    if not plain or not LIBRARY.exists():
        return None
    return JsonWriter(LIBRARY, names, inputs, outputs)


def _load(library: Path) -> Callable[..., int]:
    """The function of the library, with the types of its parameters as `json_rows.c` has them."""
    text = (ctypes.c_char_p, ctypes.c_int64)
    write = ctypes.CDLL(str(library)).write_json_rows
    write.argtypes = (
        ctypes.POINTER(_Column),
        *(ctypes.c_int64, ctypes.c_int64),
        *(*text, *text, *text),
        ctypes.c_int64,
        *(ctypes.POINTER(ctypes.c_char), ctypes.c_int64),
        ctypes.POINTER(ctypes.c_int64),
    )
    write.restype = ctypes.c_int
    found: Callable[..., int] = write
    return found
