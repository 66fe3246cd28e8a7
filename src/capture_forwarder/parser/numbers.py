"""The short way: CSV of plain numbers, typed by one call of a JSON decoder.

A row of JSON numbers between brackets is a JSON array, so a C parser can split and type it at
once. Only text that means the same as CSV gets through: no quotes, no brackets, every cell a
JSON number of its column's type, every row of the right width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import add
from types import GenericAlias

import msgspec

from capture_forwarder.model import DataType
from capture_forwarder.parser.record import Side

Rows = list[tuple[object, ...]]
NumberReader = Callable[[Side | None, Side | None], Rows | None]
SideNumbers = Callable[[Side | None], Rows | None]

_CELL_TYPES: dict[DataType | None, object] = {
    None: int | float,
    DataType.FLOAT: float,
    DataType.INT: int,
}
_CSV_TYPES = ("text/csv", "application/csv")


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
    request, response = _side_numbers(inputs), _side_numbers(outputs)
    if request is None or response is None:
        return no_numbers
    if not outputs:
        return lambda side, _: request(side)
    if not inputs:
        return lambda _, side: response(side)

    def read(left: Side | None, right: Side | None) -> Rows | None:
        rows = request(left)
        scores = response(right) if rows is not None else None
        if rows is None or scores is None or len(rows) != len(scores):
            return None
        return list(map(add, rows, scores))

    return read


def no_numbers(_request: Side | None, _response: Side | None) -> None:
    """The short way of a route that has none."""


def _side_numbers(types: Sequence[DataType | None]) -> SideNumbers | None:
    """Compile the short way for one side; None when a type makes it useless."""
    if any(data_type not in _CELL_TYPES for data_type in types):
        return None
    row_type = GenericAlias(tuple, tuple(_CELL_TYPES[data_type] for data_type in types))
    one: Callable[[str], tuple[object, ...]] = msgspec.json.Decoder(row_type).decode
    many: Callable[[str], Rows] = msgspec.json.Decoder(GenericAlias(list, row_type)).decode

    def read(side: Side | None) -> Rows | None:
        if side is None or side.encoding != "CSV" or not (text := side.data):
            return None
        content_type = side.observed_content_type
        if '"' in text or "[" in text or not (content_type or "text/csv").startswith(_CSV_TYPES):
            return None
        try:
            if "\n" not in text:
                return [one(f"[{text}]")]
            rows = text.removesuffix("\n").replace("\n", "],[")
            return many(f"[[{rows}]]")
        except msgspec.MsgspecError:
            return None

    return read
