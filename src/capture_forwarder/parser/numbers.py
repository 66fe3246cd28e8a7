"""The short way: CSV of plain numbers, typed by one call of a JSON decoder.

A row of JSON numbers between brackets is a JSON array, so a C parser can split and type it at
once. Only text that means the same as CSV gets through: no quotes, no brackets, every cell a
JSON number of its column's type, every row of the right width.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable, Sequence
from operator import add
from types import GenericAlias

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
        return lambda side, _: request(_plain_text(side))
    if not inputs:
        response = _side_reader(outputs)
        return lambda _, side: response(_plain_text(side))
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
        sent, answered = _plain_text(left), _plain_text(right)
        if sent is None or answered is None:
            return None
        if "\n" not in sent:
            # To JSON a newline is white space; behind the answer it is nothing to CSV either.
            if sent.count(",") != commas or "\n" in answered[:-1]:
                return None
            try:
                return [both(f"[{sent},{answered}]")]
            except msgspec.MsgspecError:
                return None
        rows, scores = request(sent), response(answered)
        if rows is None or scores is None or len(rows) != len(scores):
            return None
        return list(map(add, rows, scores))

    return read


def _side_reader(types: Sequence[DataType | None]) -> Callable[[str | None], Rows | None]:
    rows_type = GenericAlias(list, _row_type(types))
    decode: Callable[[str], Rows] = msgspec.json.Decoder(rows_type).decode

    def read(text: str | None) -> Rows | None:
        # A bracket of the text's own could close a row early.
        if text is None or "[" in text:
            return None
        rows = text.removesuffix("\n").replace("\n", "],[")
        try:
            return decode(f"[[{rows}]]")
        except msgspec.MsgspecError:
            return None

    return read


def _row_type(types: Sequence[DataType | None]) -> GenericAlias:
    return GenericAlias(tuple, tuple(CELL_TYPES[data_type] for data_type in types))


def _plain_text(side: Side | None) -> str | None:
    """The text of a side that was captured as CSV and holds some; None for any other."""
    if side is None or not side.data:
        return None
    content_type = side.observed_content_type
    if content_type not in {"text/csv", None}:
        known = str(content_type).startswith(_CSV_TYPES)
        return side.data if known and side.encoding == "CSV" else None
    if side.encoding == "CSV":
        return side.data
    return plain_base64(side.data) if side.encoding == "BASE64" else None


def plain_base64(data: str) -> str | None:
    """The ASCII text that is behind clean base64; None if there is anything else to it."""
    try:
        return a2b_base64(data, strict_mode=True).decode("ascii") or None
    except ValueError:
        return None
