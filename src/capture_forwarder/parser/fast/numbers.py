"""The short way: payloads of plain numbers, split and typed by one call of a C decoder a side.

Each format has its own (`csv_numbers`, `json_numbers`, `npy_numbers`), and each side of a call
takes that of its format. They accept only what surely means the same on the long way; one side in
doubt sends the whole call there.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.fast.csv_numbers import beside, csv_call_reader, csv_number_reader
from capture_forwarder.parser.formats.decode import Format, known_content
from capture_forwarder.parser.mapping.plan import PayloadPlan
from capture_forwarder.parser.record import Side

if TYPE_CHECKING:
    from capture_forwarder.parser.fast.json_numbers import JsonNumbers

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
    request: PayloadPlan, response: PayloadPlan, types: Mapping[str, DataType]
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


def _any_format(plan: PayloadPlan, types: _Types) -> _SideReader:
    cells = _cells(types)
    csv = _not_plain if plan.header else csv_number_reader(cells)

    # Most routes have CSV, and need not pay for the others at a cold start.
    @cache
    def documents() -> JsonNumbers | None:
        from capture_forwarder.parser.fast.json_numbers import json_number_reader  # noqa: PLC0415

        if plan.path:
            return None
        return json_number_reader(plan.columns, cells, alone=plan.alone)

    @cache
    def array() -> Callable[[bytes], Rows | None]:
        from capture_forwarder.parser.fast.npy_numbers import npy_number_reader  # noqa: PLC0415

        return npy_number_reader(types)

    def read(side: Side | None) -> Rows | None:
        if not side or not side.data or not (known := known_content(side.observed_content_type)):
            return None
        form, in_utf8 = known
        if form is Format.NPY:
            raw = _unbase64(side.data) if side.encoding == "BASE64" else None
            return array()(raw) if raw else None
        text = _plain_text(side, in_utf8=in_utf8)
        if not text:
            return None
        if form is Format.UNKNOWN:
            looks_like_json = text.lstrip()[:1] in {"{", "["} and side.encoding != "CSV"
            form = Format.JSON if looks_like_json else Format.CSV
        if form is Format.CSV:
            return csv(text)
        reader = documents() if form in {Format.JSON, Format.JSON_LINES} else None
        return reader.read(text, lines=form is Format.JSON_LINES) if reader else None

    return read


def _plain_text(side: Side, *, in_utf8: bool) -> str | None:
    if side.encoding in _AS_TEXT:
        return side.data
    return plain_base64(side.data or "") if side.encoding == "BASE64" and in_utf8 else None


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
