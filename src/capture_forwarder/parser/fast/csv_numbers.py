"""The short way of CSV: rows of plain numbers, split and typed by one call of a JSON decoder.

A row of JSON numbers between brackets is a JSON array. Only text that means the same as CSV gets
through: no quotes, no brackets, every cell a JSON number of its column's type, every row of the
right width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import add
from types import GenericAlias

import msgspec

Rows = list[tuple[object, ...]]


def csv_number_reader(cells: Sequence[object]) -> Callable[[str], Rows | None]:
    """Compile the short way of CSV for one side of a call.

    Parameters
    ----------
    cells
        What the numbers of its columns decode to, in order: int, float, or either.

    Returns
    -------
    Callable
        Takes text and returns its rows, or None for anything but plain numbers.
    """
    rows_type = GenericAlias(list, GenericAlias(tuple, tuple(cells)))
    decode: Callable[[str], Rows] = msgspec.json.Decoder(rows_type).decode

    def read(text: str) -> Rows | None:
        # A carriage return alone is white space to JSON, but ends a row of CSV.
        if "\r" in text and "\r" in (text := text.replace("\r\n", "\n")):
            return None
        # A bracket of the text's own could close a row early.
        if "[" in text:
            return None
        rows = text.removesuffix("\n").replace("\n", "],[")
        try:
            return decode(f"[[{rows}]]")
        except msgspec.MsgspecError:
            return None

    return read


def csv_call_reader(
    inputs: Sequence[object], outputs: Sequence[object]
) -> Callable[[str, str], Rows | None]:
    """Compile the short way of a call that is CSV on both sides.

    Parameters
    ----------
    inputs, outputs
        What the numbers of either side decode to, in order: int, float, or either.

    Returns
    -------
    Callable
        Takes the texts of both sides and returns the rows, or None for anything but plain
        numbers in as many records on one side as on the other.
    """
    request, response = csv_number_reader(inputs), csv_number_reader(outputs)
    both = GenericAlias(tuple, (*inputs, *outputs))
    decode: Callable[[str], tuple[object, ...]] = msgspec.json.Decoder(both).decode
    commas = len(inputs) - 1

    def read(sent: str, answered: str) -> Rows | None:
        if "\n" in sent or "\r" in (row := f"[{sent},{answered}]"):
            return beside(request(sent), response(answered))
        # To JSON a newline is white space; behind the answer it is nothing to CSV either.
        if sent.count(",") != commas or "\n" in answered[:-1]:
            return None
        try:
            return [decode(row)]
        except msgspec.MsgspecError:
            return None

    return read


def beside(rows: Rows | None, scores: Rows | None) -> Rows | None:
    """Put the records of both sides next to each other, if they are as many."""
    if rows is None or scores is None or len(rows) != len(scores):
        return None
    return list(map(add, rows, scores))
