"""The short way: CSV of plain numbers, typed by one call of a JSON decoder.

A row of JSON numbers between brackets is a JSON array, so a C parser can split and type it at
once. Only text that means the same as CSV gets through: no quotes, no brackets, every cell a
JSON number of its column's type, every row of the right width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import add
from types import GenericAlias
from typing import TypeGuard

import msgspec

from capture_forwarder.model import DataType
from capture_forwarder.parser.record import Side

Rows = list[tuple[object, ...]]
NumberReader = Callable[[Side | None, Side | None], Rows | None]

CELL_TYPES: dict[DataType | None, object] = {
    None: int | float,
    DataType.FLOAT: float,
    DataType.INT: int,
}
"""What a cell decodes to, by its column's type; other types have no short way."""

_CSV_TYPES = ("text/csv", "application/csv")


class _Captured(Side, frozen=True, gc=False):
    """A side whose data is there, to the type checker."""

    data: str


def number_reader(
    inputs: Sequence[DataType | None], outputs: Sequence[DataType | None]
) -> NumberReader:
    """Compile the short way for a route.

    Parameters
    ----------
    inputs, outputs
        The types of the columns of the request and of the response, in order; None where they
        are inferred. A side without columns is not read.

    Returns
    -------
    Callable
        Takes both captured sides and returns the rows, or None for anything but plain numbers
        in as many records on one side as on the other.
    """
    if any(data_type not in CELL_TYPES for data_type in (*inputs, *outputs)):
        return no_numbers
    if not outputs:
        request = _side_reader(inputs)
        return lambda side, _: request(side.data) if _is_plain(side) else None
    if not inputs:
        response = _side_reader(outputs)
        return lambda _, side: response(side.data) if _is_plain(side) else None
    return _call_reader(inputs, outputs)


def no_numbers(_request: Side | None, _response: Side | None) -> None:
    """The short way of a route that has none."""


def _call_reader(
    inputs: Sequence[DataType | None], outputs: Sequence[DataType | None]
) -> NumberReader:
    request, response = _side_reader(inputs), _side_reader(outputs)
    both: Callable[[str], tuple[object, ...]] = msgspec.json.Decoder(
        _row_type((*inputs, *outputs))
    ).decode
    commas = len(inputs) - 1

    def read(left: Side | None, right: Side | None) -> Rows | None:
        if not (_is_plain(left) and _is_plain(right)):
            return None
        sent, answered = left.data, right.data
        if "\n" not in sent:
            if sent.count(",") != commas:
                return None
            try:
                # A newline behind the answer is white space to JSON, and between two a mistake.
                return [both(f"[{sent},{answered}]")]
            except msgspec.MsgspecError:
                return None
        rows, scores = request(sent), response(answered)
        if rows is None or scores is None or len(rows) != len(scores):
            return None
        return list(map(add, rows, scores))

    return read


def _side_reader(types: Sequence[DataType | None]) -> Callable[[str], Rows | None]:
    rows_type = GenericAlias(list, _row_type(types))
    decode: Callable[[str], Rows] = msgspec.json.Decoder(rows_type).decode

    def read(text: str) -> Rows | None:
        # A bracket of the text's own could close a row early.
        if "[" in text:
            return None
        rows = text.removesuffix("\n").replace("\n", "],[")
        try:
            return decode(f"[[{rows}]]")
        except msgspec.MsgspecError:
            return None

    return read


def _row_type(types: Sequence[DataType | None]) -> GenericAlias:
    return GenericAlias(tuple, tuple(CELL_TYPES[data_type] for data_type in types))


def _is_plain(side: Side | None) -> TypeGuard[_Captured]:
    """Whether a side was captured as CSV text, and holds some."""
    if side is None or side.encoding != "CSV" or not side.data:
        return False
    content_type = side.observed_content_type
    # Equality first: it is what nearly every line has.
    return content_type == "text/csv" or (
        content_type is None or content_type.startswith(_CSV_TYPES)
    )
