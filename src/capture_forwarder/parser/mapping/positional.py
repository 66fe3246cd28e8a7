"""A JSON document without the columns' names → the ways to read it by position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from capture_forwarder.parser.formats.json_document import (
    CONTAINERS,
    VALUES,
    are_tensors,
    join,
    split_frame,
    tensor_columns,
)
from capture_forwarder.parser.formats.json_text import NOTHING, JsonLines, decode_inside
from capture_forwarder.parser.formats.reading import Reading

_DEEPEST = 4
_ONLY_VALUES = tuple(key for key in VALUES if key not in CONTAINERS)


def positional_readings(document: object, path: str = "", depth: int = 0) -> Iterator[Reading]:
    """Yield the ways to read a document as records whose values have only a position.

    Parameters
    ----------
    document
        Decoded JSON.
    path, depth
        What led to it: JMESPath, and how many containers were opened.
    """
    if isinstance(document, JsonLines):
        yield Reading(document, path=path)
    elif are_tensors(document):
        yield from _tensor(document, path)
    elif isinstance(document, list):
        yield Reading(document, path=path)
        yield Reading([document], strict=True, path=f"[{path or '@'}]")
    elif isinstance(document, dict):
        yield from _opened(document, path, depth)
    elif isinstance(document, str) and (inside := decode_inside(document)) is not NOTHING:
        yield from positional_readings(inside, path, depth)
    else:
        yield Reading([document], path=path)


def _opened(document: Mapping[str, object], path: str, depth: int) -> Iterator[Reading]:
    if (rows := split_frame(document)) is not None:
        # Names that are not the columns' say nothing of the order.
        named = bool(rows) and isinstance(rows[0], dict)
        yield Reading([document] if named else rows, path=join(path, "data"))
        return
    yield Reading([document], path=f"[{path or '@'}]")
    for key in CONTAINERS:
        if key in document and depth < _DEEPEST:
            yield from positional_readings(document[key], join(path, key), depth + 1)
    for key in _ONLY_VALUES:
        held = document.get(key)
        if isinstance(held, list) and held and all(isinstance(item, list) for item in held):
            yield Reading(held, path=join(path, key))


def _tensor(document: object, path: str) -> Iterator[Reading]:
    """One tensor of rows, whose own name is no column's."""
    arrays = tensor_columns(document)
    if arrays is not None and len(arrays) == 1:
        (array,) = arrays.values()
        yield from positional_readings(array, path)
