"""How Arthur reads and writes one side of a call.

The endpoint takes text/csv with an inference a line, and application/json with
`{"instances": [{"features": [...]}]}` or `{"instances": [{name: value}]}`, for responses with
`predictions` and `probabilities`; no base64, no parameters, nothing else. Source: Arthur's guide
to SageMaker Data Capture.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TypeGuard

import msgspec

from capture_forwarder.parser.formats.json_document import values_of
from capture_forwarder.parser.mapping.casts import infer
from capture_forwarder.parser.record import Side

_WORDS = frozenset({"instances", "predictions", "features", "probabilities"})

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Shape(msgspec.Struct, frozen=True):
    """The words of one side."""

    side: str
    mode: str
    records: str
    cells: str


REQUEST = Shape("endpointInput", "INPUT", "instances", "features")
RESPONSE = Shape("endpointOutput", "OUTPUT", "predictions", "probabilities")


def read_side(side: Side | None, shape: Shape) -> list[object] | None:
    """Read a side as Arthur does: a record each; None for what it does not take.

    A record is a list of cells, or the item of `instances` or `predictions` as it stands.
    """
    if side is None or side.data is None:
        return None
    match side.encoding, side.observed_content_type:
        case "CSV", "text/csv":
            return _csv_items(side.data)
        case "JSON", "application/json":
            return _json_items(side.data, shape)
    return None


def write_side(records: Sequence[object], shape: Shape) -> dict[str, str]:
    """Write a side: by their names records that all have some, else by their values' order."""
    items: Sequence[object] = records
    if not all(map(_is_named, records)):
        items = [{shape.cells: _in_order(record)} for record in records]
    return {
        "observedContentType": "application/json",
        "mode": shape.mode,
        "data": _encode({shape.records: items}).decode(),
        "encoding": "JSON",
    }


def is_even(records: Sequence[object]) -> bool:
    """Whether records are alike: all have names, or none and all have as many values."""
    named = sum(map(_is_named, records))
    return named == len(records) or (
        not named and len({len(_in_order(record)) for record in records}) == 1
    )


def _csv_items(text: str) -> list[object] | None:
    """An inference a line; a line that quotes newlines is no whole one and breaks the rules."""
    if "\r" in text or text.startswith("\ufeff"):
        return None
    items: list[object] = []
    for line in text.removesuffix("\n").split("\n"):
        try:
            rows = list(csv.reader([line], strict=True)) if '"' in line else [line.split(",")]
        except csv.Error:
            return None
        if not line or len(rows) != 1:
            return None
        items.append([infer(cell) for cell in rows[0]])
    return items


def _json_items(text: str, shape: Shape) -> list[object] | None:
    try:
        document = _decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return None
    if not isinstance(document, dict) or document.keys() != {shape.records}:
        return None
    items = document[shape.records]
    if not isinstance(items, list) or not items:
        return None
    lists = all(_is_list_of(item, shape.cells) for item in items)
    return items if lists or all(_is_named(item) and _is_flat(item) for item in items) else None


def _is_list_of(item: object, cells: str) -> bool:
    if not isinstance(item, dict) or item.keys() != {cells}:
        return False
    values = item[cells]
    return isinstance(values, list) and bool(values) and not any(map(_is_nested, values))


def _is_named(record: object) -> TypeGuard[dict[str, object]]:
    """Whether a record is values by names that Arthur can tell from its own words."""
    return isinstance(record, dict) and bool(record) and not _WORDS & record.keys()


def _is_flat(record: dict[str, object]) -> bool:
    return not any(isinstance(value, dict) for value in record.values())


def _is_nested(value: object) -> bool:
    return isinstance(value, (list, dict))


def _in_order(record: object) -> Sequence[object]:
    """A record's values; `{"features": [...]}` alone stands for its list."""
    if isinstance(record, dict):
        held = values_of(record) if len(record) == 1 else None
        return list(record.values()) if held is None else held
    return record if isinstance(record, list) else [record]
