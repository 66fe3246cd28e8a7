"""How Arthur reads a request or a response, and how to write one that it can read.

The endpoint takes text/csv with one inference a line, and application/json with
`{"instances": [{"features": [...]}]}` or `{"instances": [{name: value}]}`, in responses with
`predictions` and `probabilities`; no base64, no parameters, nothing else. Source: Arthur's guide
to SageMaker Data Capture.
"""

from __future__ import annotations

import base64
import csv
from collections.abc import Sequence
from typing import TypeGuard

import msgspec

from capture_forwarder.parser import CapturedPayload, infer, values_of

_WORDS = frozenset({"instances", "predictions", "features", "probabilities"})

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Words(msgspec.Struct, frozen=True):
    """What a captured line and its JSON call the parts of a request, or of a response.

    Parameters
    ----------
    payload
        The payload, in the captured line.
    mode
        Its `mode`.
    records, cells
        The list of its records, in JSON; the list of the values of one of them.
    """

    payload: str
    mode: str
    records: str
    cells: str


REQUEST = Words("endpointInput", "INPUT", "instances", "features")
RESPONSE = Words("endpointOutput", "OUTPUT", "predictions", "probabilities")


def read_records(side: CapturedPayload | None, words: Words) -> list[object] | None:
    """Read a captured payload as Arthur does; None for one that it does not take.

    A record is a list of values, or the item of `instances` or `predictions` as it stands.
    """
    if side is None or side.data is None:
        return None
    match side.encoding, side.observed_content_type:
        case "CSV", "text/csv":
            if "\r" in side.data or side.data.startswith("\ufeff"):
                return None
            return read_csv(side.data.removesuffix("\n").split("\n"))
        case "JSON", "application/json":
            return _read_json(side.data, words)
    return None


def csv_lines(side: CapturedPayload | None) -> list[str] | None:
    """The lines of a payload if it is CSV, whatever its encoding and its line ends.

    Whether it is CSV shows in its values: those read from it are compared with those parsed.
    """
    if side is None or side.data is None:
        return None
    text = side.data
    if side.encoding == "BASE64":
        try:
            text = base64.b64decode(text).decode()
        except ValueError:
            return None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n").split("\n")


def read_csv(lines: Sequence[str]) -> list[object] | None:
    """Read lines of CSV as Arthur does, one inference each; None if one of them is not that.

    A line whose quotes hold a newline is none.
    """
    records: list[object] = []
    for line in lines:
        try:
            rows = list(csv.reader([line], strict=True)) if '"' in line else [line.split(",")]
        except csv.Error:
            return None
        if not line or "\r" in line or len(rows) != 1:
            return None
        records.append([infer(cell) for cell in rows[0]])
    return records


def write_csv(lines: Sequence[str], words: Words) -> dict[str, str]:
    """Write a payload of CSV lines, whose types Arthur finds by its model's attributes."""
    return _payload("text/csv", "CSV", "\n".join(lines), words)


def write_json(records: Sequence[object], words: Words) -> dict[str, str]:
    """Write a payload of JSON: by name if all records have names, else by the values' order."""
    items: Sequence[object] = records
    if not all(map(_is_named, records)):
        items = [{words.cells: _in_order(record)} for record in records]
    return _payload("application/json", "JSON", _encode({words.records: items}).decode(), words)


def _payload(content_type: str, encoding: str, data: str, words: Words) -> dict[str, str]:
    return {
        "observedContentType": content_type,
        "mode": words.mode,
        "data": data,
        "encoding": encoding,
    }


def is_even(records: Sequence[object]) -> bool:
    """Whether records are alike: all have names, or none and all have as many values."""
    named = sum(map(_is_named, records))
    return named == len(records) or (
        not named and len({len(_in_order(record)) for record in records}) == 1
    )


def _read_json(text: str, words: Words) -> list[object] | None:
    try:
        document = _decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return None
    if not isinstance(document, dict) or document.keys() != {words.records}:
        return None
    items = document[words.records]
    if not isinstance(items, list) or not items:
        return None
    lists = all(_is_list_of(item, words.cells) for item in items)
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
