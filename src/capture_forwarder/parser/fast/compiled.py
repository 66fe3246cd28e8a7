"""Rows of plain numbers in CSV → JSON, by compiled code: `json_rows.c`.

It does what `csv_rows` does, for routes whose columns all hold numbers, in a third of the time: it
copies each captured number to its place and makes no Python object of it. It declines all rows at
once where anything is odd about one of them. Where it was not compiled, as after `pip install`,
`csv_rows` writes these rows too.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from capture_forwarder.core.json_rows import JsonRows, row_type
from capture_forwarder.core.schema import DataType, Schema

LIBRARY = Path(__file__).with_name("json_rows.so")
"""What `lambda_package/compile_rows.py` makes of `json_rows.c`."""

_encode = msgspec.json.encode
_encode_lines = msgspec.json.Encoder().encode_lines
_KINDS = {None: 0, DataType.FLOAT: 1, DataType.INT: 2}
# An empty cell becomes null, the longest thing that is added; rows have a comma and a newline
# between them.
_MORE_A_COLUMN, _MORE_A_ROW = len("null"), 3


class _Column(ctypes.Structure):
    _fields_ = (
        ("front", ctypes.c_char_p),
        ("front_length", ctypes.c_int64),
        ("kind", ctypes.c_int64),
    )


class CompiledRowWriter:
    """Writes rows of one route.

    Parameters
    ----------
    library
        `json_rows.c`, compiled for this machine.
    inputs, outputs
        The columns of the request and of the response, in order; at least one of each, and all
        of them numbers.
    metadata
        The metadata columns, which follow them.
    schema
        The types that are known.

    Raises
    ------
    OSError
        The library cannot be loaded.
    """

    def __init__(
        self,
        library: Path,
        inputs: Sequence[str],
        outputs: Sequence[str],
        metadata: Sequence[str],
        schema: Schema,
    ) -> None:
        names = [*inputs, *outputs]
        self._write = _load(library)
        self._widths = len(inputs), len(outputs)
        self._columns = (_Column * len(names))()
        for index, (column, name) in enumerate(zip(self._columns, names, strict=True)):
            front = (b"," if index else b"{") + _encode(name) + b":"
            kind = _KINDS[schema.types.get(name)]
            column.front, column.front_length, column.kind = front, len(front), kind
        self._row_bytes = _MORE_A_ROW + sum(
            column.front_length + _MORE_A_COLUMN for column in self._columns
        )
        self._metadata_row = row_type(metadata)

    def __call__(
        self, requests: str, responses: str, metadata: Sequence[Sequence[object]], count: int
    ) -> JsonRows | None:
        """Write rows.

        Parameters
        ----------
        requests, responses
            The CSV of both payloads of each record, a line a record.
        metadata
            The metadata columns: a value for each record.
        count
            How many records there are.

        Returns
        -------
        JsonRows or None
            None where there is anything but plain numbers and empty cells, or not so many
            records.
        """
        if not (requests.isascii() and responses.isascii()):
            return None
        rows = (
            list(map(self._metadata_row, *metadata)) if metadata else [self._metadata_row()] * count
        )
        texts = (requests.encode(), responses.encode(), _encode_lines(rows))
        size = sum(map(len, texts)) + count * self._row_bytes
        written = ctypes.create_string_buffer(size)
        done = self._write(
            self._columns,
            *self._widths,
            *(part for text in texts for part in (text, len(text))),
            count,
            written,
            size,
        )
        return memoryview(written)[:done].tobytes() if done else None


def compiled_writer(
    inputs: Sequence[str], outputs: Sequence[str], metadata: Sequence[str], schema: Schema
) -> CompiledRowWriter | None:
    """Make a writer for a route; see `CompiledRowWriter`.

    Returns
    -------
    CompiledRowWriter or None
        None if there is no compiled library here, or if not all columns hold numbers.
    """
    numbers = all(schema.types.get(name) in _KINDS for name in (*inputs, *outputs))
    if not (inputs and outputs and numbers and LIBRARY.exists()):
        return None
    return CompiledRowWriter(LIBRARY, inputs, outputs, metadata, schema)


def _load(library: Path) -> Callable[..., int]:
    """The function of the library, with the types of its parameters as `json_rows.c` has them."""
    text = (ctypes.c_char_p, ctypes.c_int64)
    write = ctypes.CDLL(str(library)).write_json_rows
    write.argtypes = (
        ctypes.POINTER(_Column),
        *(ctypes.c_int64, ctypes.c_int64),
        *(*text, *text, *text),
        ctypes.c_int64,
        *(ctypes.c_char_p, ctypes.c_int64),
    )
    write.restype = ctypes.c_int64
    found: Callable[..., int] = write
    return found
