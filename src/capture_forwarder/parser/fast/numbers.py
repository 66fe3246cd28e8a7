"""The short way: payloads of plain numbers, split and typed by one call of a C decoder a side.

Each format has its own (`csv_numbers`, `json_numbers`, `npy_numbers`), and each side of a call
takes that of its format. They accept only what surely means the same on the long way; one side in
doubt sends the whole call there.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable, Mapping
from functools import cache

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.fast.csv_numbers import beside, csv_call_reader, csv_number_reader
from capture_forwarder.parser.formats.decode import Format, by_looks, known_content
from capture_forwarder.parser.mapping.side import SidePlan
from capture_forwarder.parser.record import Side

Rows = list[tuple[object, ...]]
NumberReader = Callable[[Side | None, Side | None], Rows | None]
_Types = list[DataType | None]
_SideReader = Callable[[Side | None], Rows | None]

CELL_TYPES: dict[DataType | None, object] = {
    None: int | float,
    DataType.FLOAT: float,
    DataType.INT: int,
}
"""What a cell decodes to, by its column's type; other types have no short way."""

_CSV_TYPES = ("text/csv", "application/csv")
_AS_TEXT = frozenset({"CSV", "JSON", None})


def number_reader(
    request: SidePlan, response: SidePlan, types: Mapping[str, DataType]
) -> NumberReader:
    """Compile the short way for a route.

    Parameters
    ----------
    request, response
        What is wanted of each side. A side without columns is not read.
    types
        Column name → type, where the platform has a schema; others are inferred.

    Returns
    -------
    Callable
        Takes both captured sides and returns the rows, or None for anything but plain numbers
        in as many records on one side as on the other.
    """
    inputs, outputs = (
        [types.get(column.name) for column in plan.columns] for plan in (request, response)
    )
    if any(data_type not in CELL_TYPES for data_type in (*inputs, *outputs)):
        return no_numbers
    of_request, of_response = _any_format(request, inputs), _any_format(response, outputs)
    if not outputs:
        return lambda side, _: of_request(side)
    if not inputs:
        return lambda _, side: of_response(side)
    return _call_reader(
        of_request,
        of_response,
        _not_plain if request.header else csv_call_reader(_cells(inputs), _cells(outputs)),
    )


def no_numbers(_request: Side | None, _response: Side | None) -> None:
    """The short way of a route that has none."""


def _call_reader(
    request: _SideReader, response: _SideReader, both_csv: Callable[[str, str], Rows | None]
) -> NumberReader:
    def read(left: Side | None, right: Side | None) -> Rows | None:
        # Most calls are CSV on both sides, and short.
        if (sent := plain_csv(left)) is None or (answered := plain_csv(right)) is None:
            return beside(request(left), response(right))
        return both_csv(sent, answered)

    return read


def _any_format(plan: SidePlan, types: _Types) -> _SideReader:
    cells = _cells(types)
    csv = _not_plain if plan.header else csv_number_reader(cells)

    # Most routes have CSV, and need not pay for the others at a cold start.
    @cache
    def document() -> Callable[[str], Rows | None]:
        from capture_forwarder.parser.fast.json_numbers import json_number_reader  # noqa: PLC0415

        return _not_plain if plan.path else json_number_reader(plan.columns, cells)

    @cache
    def array() -> Callable[[bytes], Rows | None]:
        from capture_forwarder.parser.fast.npy_numbers import npy_number_reader  # noqa: PLC0415

        return npy_number_reader(types)

    def read(side: Side | None) -> Rows | None:
        if (
            side is None
            or not side.data
            or not (known := known_content(side.observed_content_type))
        ):
            return None
        (form, in_utf8), encoding = known, side.encoding
        if form is Format.NPY:
            raw = _unbase64(side.data) if encoding == "BASE64" else None
            return array()(raw) if raw else None
        text: str | None = None
        if encoding in _AS_TEXT:
            text = side.data
        elif encoding == "BASE64" and in_utf8:
            text = plain_base64(side.data)
        if not text:
            return None
        return csv(text) if (form or by_looks(text)) is Format.CSV else document()(text)

    return read


def _not_plain(*_texts: str) -> None:
    """The short way of a format that has none on this route."""


def _cells(types: _Types) -> list[object]:
    return [CELL_TYPES[data_type] for data_type in types]


def plain_csv(side: Side | None) -> str | None:
    """The text of a side that was captured as CSV and holds some; None for any other."""
    if side is None or not side.data:
        return None
    content_type = side.observed_content_type
    if content_type != "text/csv":
        # Without a content type the text's looks decide.
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


def _unbase64(data: str) -> bytes | None:
    try:
        return a2b_base64(data, strict_mode=True)
    except ValueError:
        return None
