"""How Arthur's v3 API reads one line of SageMaker Data Capture."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

Cells: TypeAlias = list[Any] | dict[str, Any]

_WORDS = frozenset({"instances", "predictions", "features", "probabilities"})


class UnreadableError(ValueError):
    """Arthur cannot read this."""


@dataclass(frozen=True)
class Event:
    """One line: one call, and the inferences it held.

    Attributes
    ----------
    event_id
        What the platform names in a failure.
    call_id
        What the partner inference ids are made of.
    inputs, outputs
        One item for each inference; empty if that side could not be read.
    error
        Why the whole event fails; empty if it does not.
    """

    event_id: str
    call_id: str
    inputs: tuple[Cells, ...]
    outputs: tuple[Cells, ...]
    error: str = ""

    @property
    def partner_ids(self) -> list[str]:
        """One id for each inference, as far as it is known how many there are."""
        count = max(len(self.inputs), len(self.outputs), 1)
        if count == 1:
            return [self.call_id]
        return [f"{self.call_id}_{index}" for index in range(count)]


def read_event(line: bytes) -> Event:
    """Read one line of a capture file.

    Raises
    ------
    UnreadableError
        If it is no capture record, so that no event could be named in a failure.
    """
    record = _object(_json(line), "The line")
    metadata = _object(record.get("eventMetadata"), "eventMetadata")
    event_id = metadata.get("eventId")
    if not isinstance(event_id, str) or not event_id:
        raise UnreadableError("eventMetadata has no eventId")
    inputs, input_error = _side(record, "endpointInput", "instances", "features")
    outputs, output_error = _side(record, "endpointOutput", "predictions", "probabilities")
    error = input_error or output_error
    if not error and len(inputs) != len(outputs):
        error = f"{len(inputs)} inputs do not go with {len(outputs)} outputs"
    inference_id = metadata.get("inferenceId")
    if inference_id is not None and not isinstance(inference_id, str):
        error = "inferenceId is not a text"
    return Event(event_id, str(inference_id or event_id), inputs, outputs, error)


def _side(
    record: dict[str, Any], side: str, records: str, cells: str
) -> tuple[tuple[Cells, ...], str]:
    try:
        captured = _object(_object(record.get("captureData"), "captureData").get(side), side)
        return _decoded(captured, records, cells), ""
    except UnreadableError as error:
        return (), f"{side}: {error}"


def _decoded(captured: dict[str, Any], records: str, cells: str) -> tuple[Cells, ...]:
    data = captured.get("data")
    if not isinstance(data, str):
        raise UnreadableError("data is not a text")
    match captured.get("encoding"), captured.get("observedContentType"):
        case "CSV", "text/csv":
            return _csv(data)
        case "JSON", "application/json":
            return _records(_json(data), records, cells)
        case encoding, content_type:
            raise UnreadableError(f"{encoding} of {content_type} is not supported")


def _csv(data: str) -> tuple[Cells, ...]:
    rows: list[Cells] = []
    for line in data.removesuffix("\n").split("\n"):
        try:
            read = [] if "\r" in line else list(csv.reader([line], strict=True))
        except csv.Error as error:
            raise UnreadableError(f"Not a line of CSV: {error}") from error
        if len(read) != 1 or not read[0]:
            raise UnreadableError("A line of CSV is not one inference")
        rows += read
    return _even(rows)


def _records(document: object, records: str, cells: str) -> tuple[Cells, ...]:
    items = _object(document, "data").get(records)
    if document != {records: items} or not isinstance(items, list) or not items:
        raise UnreadableError(f"data is not a list under {records} alone")
    if all(isinstance(item, dict) and item.keys() == {cells} for item in items):
        return _even([_list_of_cells(item[cells]) for item in items])
    if all(isinstance(item, dict) and item and not _WORDS & item.keys() for item in items):
        return tuple(_named_cells(item) for item in items)
    raise UnreadableError(f"{records} are neither lists of {cells} nor named values")


def _list_of_cells(cells: object) -> list[Any]:
    if not isinstance(cells, list) or not cells:
        raise UnreadableError("An inference is not a list of values")
    if any(isinstance(cell, list | dict) for cell in cells):
        raise UnreadableError("A value is neither a text, a number, a truth value nor null")
    return cells


def _named_cells(cells: dict[str, Any]) -> dict[str, Any]:
    if any(isinstance(cell, dict) for cell in cells.values()):
        raise UnreadableError("A named value is an object")
    return cells


def _even(rows: list[Any]) -> tuple[Cells, ...]:
    if len({len(row) for row in rows}) != 1:
        raise UnreadableError("The inferences are not of one width")
    return tuple(rows)


def _json(text: str | bytes) -> object:
    try:
        if isinstance(text, bytes):
            text = text.decode()
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("Not JSON") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableError(f"{name} is not an object")
    return value
