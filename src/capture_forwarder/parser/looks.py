"""A payload → every way in which somebody may want to see records in it, for those who ask.

The parser itself reads payloads on columns that are named already; this is for proposing them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from capture_forwarder.parser.call import CapturedPayload
from capture_forwarder.parser.formats.csv_text import csv_readings
from capture_forwarder.parser.formats.decode import Format, decode_payload
from capture_forwarder.parser.formats.events import are_events, joined
from capture_forwarder.parser.formats.json_document import (
    CONTAINERS,
    records_by_index,
    split_frame,
    tensor_columns,
    transposed,
)
from capture_forwarder.parser.formats.json_text import (
    NOTHING,
    JsonLines,
    decode_inside,
    is_failure,
)
from capture_forwarder.parser.formats.npy import read_npy
from capture_forwarder.parser.formats.payload import document_in
from capture_forwarder.parser.formats.plain_text import is_numeric
from capture_forwarder.parser.formats.reading import Reading

_DEEPEST = 4


class Looks(msgspec.Struct, frozen=True):
    """What a payload looks like.

    Parameters
    ----------
    form
        What it is read as, such as "csv" or "json lines".
    document
        The JSON in it; None if there is none, or an error message.
    readings
        The ways to read it as CSV.
    text
        Whether it is a text as a whole, which neither JSON nor numbers are.
    """

    form: str
    document: object = None
    readings: tuple[Reading, ...] = ()
    text: bool = False


def look_at(side: CapturedPayload, name: str) -> Looks:
    """Look at a payload whose data is not None.

    Parameters
    ----------
    side
        A request or a response, as it was captured.
    name
        What to call it in a rejection: "request" or "response".

    Raises
    ------
    RejectedError
        It cannot be decoded.
    """
    form, content = decode_payload(side, name)
    if isinstance(content, bytes):
        return Looks(form.value, read_npy(content, name))
    if form is Format.EVENTS or (form is not Format.CSV and are_events(content)):
        return Looks(Format.EVENTS.value, _whole_answer(joined(content, name)))
    document = document_in(form, content)
    unknown = form is Format.UNKNOWN
    if document is not NOTHING and not (form is Format.CSV and isinstance(document, JsonLines)):
        shown = Format.JSON if unknown else form
        return Looks(shown.value, None if is_failure(document) else document)
    if form is Format.TEXT and not is_numeric(content):
        # Pages are what proxies answer when a call fails, whatever their content type.
        return Looks(form.value, text=content.lstrip()[:1] != "<")
    readings = tuple(csv_readings(content, name))
    if form in {Format.JSON, Format.JSON_LINES}:
        # Some containers answer `[0.1, 0.7],[0.8, 0.1]` as JSON, which it is not.
        readings = tuple(reading for reading in readings if not reading.text)
    return Looks((Format.CSV if unknown else form).value, readings=readings)


def json_readings(document: object, keys: Sequence[str], depth: int = 0) -> Iterator[Reading]:
    """Yield the readings of a document, the outermost first.

    Parameters
    ----------
    document
        Decoded JSON.
    keys
        The keys of a dictionary of columns.
    depth
        How many containers were opened already.
    """
    if isinstance(document, str) and (inside := decode_inside(document)) is not NOTHING:
        document = inside
    if isinstance(document, JsonLines):
        yield Reading(document)
    elif isinstance(document, list):
        if (arrays := tensor_columns(document)) is not None:
            yield from _tensors(arrays)
            return
        if _are_lists_of_one_record(document):
            yield Reading([item[0] for item in document])
        yield Reading(document)
        yield Reading([document], strict=True)
    elif isinstance(document, dict):
        yield from _dictionary(document, keys, depth)
    else:
        yield Reading([document])


def _whole_answer(document: dict[str, object]) -> dict[str, object]:
    """A joined stream without the second place of its text."""
    choices = document.get("choices")
    if isinstance(choices, list):
        kept = [{key: one[key] for key in one if key != "delta"} for one in choices]
        return document | {"choices": kept}
    return {key: value for key, value in document.items() if key != "token"}


def _dictionary(document: dict[str, object], keys: Sequence[str], depth: int) -> Iterator[Reading]:
    if (frame := split_frame(document)) is not None:
        yield Reading(frame)
        return
    if isinstance(document.get("content_type"), str) and "data" in document:
        yield from json_readings(document["data"], keys, depth + 1)
        return
    if _are_labelled(document):
        yield Reading(transposed(document) or [])
        return
    if records := records_by_index(document):
        yield Reading(records)
    yield Reading([document])
    columns = {key: document[key] for key in keys if key in document}
    several = depth and len(document) > 1
    if not columns and several and all(isinstance(held, list) for held in document.values()):
        columns = document
    if columns and (records := transposed(columns)):
        yield Reading(records)
    for key, held in document.items():
        alone = len(document) == 1 and isinstance(held, (dict, str))
        if (key in CONTAINERS or alone or key == "body") and depth < _DEEPEST:
            yield from json_readings(held, keys, depth + 1)


def _tensors(arrays: dict[str, object]) -> Iterator[Reading]:
    if (records := transposed(arrays)) is not None:
        yield Reading(records)
    if len(arrays) == 1:
        (array,) = arrays.values()
        yield from json_readings(array, ())


def _are_labelled(document: dict[str, object]) -> bool:
    """Whether this is pandas' default: columns of values by row label."""
    held = list(document.values())
    if (
        not held
        or all(map(str.isdecimal, document))
        or not all(isinstance(column, dict) for column in held)
    ):
        return False
    labels = [label for column in held if isinstance(column, dict) for label in column]
    return bool(labels) and all(map(str.isdecimal, labels)) and transposed(document) is not None


def _are_lists_of_one_record(items: Sequence[object]) -> bool:
    return bool(items) and all(
        isinstance(item, list) and len(item) == 1 and isinstance(item[0], dict) for item in items
    )


def is_container(key: str, value: object, *, alone: bool = True) -> bool:
    """Whether a key holds the records of a document, and no value of one.

    Parameters
    ----------
    key, value
        What stands in the document.
    alone
        Whether nothing else does.
    """
    if key == "body" and isinstance(value, str):
        return decode_inside(value) is not NOTHING
    if isinstance(value, list):
        held = any(isinstance(item, (list, dict)) for item in value) or alone
    else:
        held = isinstance(value, dict)
    known = key in CONTAINERS or (alone and isinstance(value, dict))
    return held and known and len(list(json_readings({key: value}, ()))) > 1


def is_line(document: object) -> bool:
    """Whether documents are those of JSON Lines, a record each."""
    return isinstance(document, JsonLines)


def is_frame(document: object) -> bool:
    """Whether a document is a pandas frame by names."""
    return isinstance(document, dict) and split_frame(document) is not None
