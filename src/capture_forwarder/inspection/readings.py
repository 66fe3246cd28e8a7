"""A JSON document → every way in which somebody may want to see records in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from capture_forwarder.parser.formats.json_document import (
    CONTAINERS,
    records_by_index,
    split_frame,
    tensor_columns,
    transposed,
)
from capture_forwarder.parser.formats.json_text import NOTHING, JsonLines, decode_inside
from capture_forwarder.parser.formats.reading import Reading

_DEEPEST = 4


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


def whole_answer(document: dict[str, object]) -> dict[str, object]:
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
