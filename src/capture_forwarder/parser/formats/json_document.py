"""A JSON payload → the ways it can be read.

The shapes are those of AWS's built-in algorithms (`instances`, `predictions`, `features`,
`probabilities`, ...), TensorFlow Serving, MLflow (`dataframe_split`, `dataframe_records`) and
the Open Inference Protocol v2, and whatever looks like them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from capture_forwarder.parser.formats.arrays import nest
from capture_forwarder.parser.formats.reading import Reading

CONTAINERS = (
    "instances",
    "predictions",
    "inputs",
    "outputs",
    "data",
    "results",
    "dataframe_records",
    "projections",
    "scores",
)
"""Keys of a document that hold its records."""
VALUES = ("features", "probabilities", "values", "data", "projection")
"""Keys of a record that hold its values in order. AWS's common format nests them:
`{"data": {"features": {"values": [...]}}}`."""
_DEEPEST = 4

_decode = msgspec.json.Decoder().decode


class _Nothing:
    """Stands for text that is no JSON, since None is a JSON value."""


NOTHING = _Nothing()


def decode_json(text: str) -> object:
    """Decode one document; `NOTHING` if the text is none.

    NaN and infinities, which Python's json module writes although JSON has no such words, and
    numbers too large for a double are None.
    """
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        pass
    try:
        document = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        msgspec.json.encode(document)  # a lone surrogate decodes but can never be sent
    except (ValueError, RecursionError):
        return NOTHING
    return document


def decode_documents(text: str) -> object:
    """Decode a document, or several of them one a line (JSON Lines) as a list of documents."""
    document = decode_json(text)
    if document is not NOTHING:
        return document
    documents = [decode_json(line) for line in text.split("\n") if line.strip()]
    return NOTHING if NOTHING in documents else documents


def json_readings(document: object, keys: Sequence[str], depth: int = 0) -> Iterator[Reading]:
    """Yield every way to read a document as records.

    Parameters
    ----------
    document
        Decoded JSON.
    keys
        The names that columns go by, for dictionaries of columns.
    depth
        How many containers were opened already.
    """
    if isinstance(document, list):
        yield Reading(document)
        yield Reading([document], strict=True)
    elif isinstance(document, dict):
        yield Reading([document])
        if columns := {key: document[key] for key in keys if key in document}:
            yield from _transposed(columns)
        split = document.get("dataframe_split")
        if isinstance(split, dict):
            yield from _split_frame(split)
        for key in CONTAINERS:
            if key in document and depth < _DEEPEST:
                yield from _contained(document[key], keys, depth + 1)
    else:
        yield Reading([document])


def values_of(record: Mapping[str, object], depth: int = 0) -> list[object] | None:
    """The list that a record keeps its values in; None if it has no such list."""
    for key in VALUES:
        held = record.get(key)
        if isinstance(held, list):
            return held
        if isinstance(held, dict) and depth < _DEEPEST:
            return values_of(held, depth + 1)
    return None


def is_failure(document: object) -> bool:
    """Whether this is what SageMaker or a container answers when the model fails.

    Seen in real files: `{"code": 424, "message": ...}` and `{"ErrorCode": ..., "message": ...}`.
    """
    if not isinstance(document, dict):
        return False
    names = {str(key).lower() for key in document}
    return "message" in names and bool(names & {"code", "errorcode"})


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _contained(held: object, keys: Sequence[str], depth: int) -> Iterator[Reading]:
    if isinstance(held, list) and held and all(_is_tensor(item) for item in held):
        yield from _tensors(held)
    else:
        yield from json_readings(held, keys, depth)


def _transposed(columns: Mapping[str, object]) -> Iterator[Reading]:
    """Read a dictionary of columns; all must be lists of one length.

    Empty lists, and lists of lists, are sooner the values of one record, such as the boxes that
    an object detector found.
    """
    lists = [column for column in columns.values() if isinstance(column, list)]
    if len(lists) == len(columns) and len({len(column) for column in lists}) == 1:
        names = list(columns)
        rows = [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]
        nested = any(isinstance(cell, list) for row in rows for cell in row.values())
        yield Reading(rows, doubt=nested if rows else 1 + len(columns))


def _split_frame(frame: Mapping[str, object]) -> Iterator[Reading]:
    columns, rows = frame.get("columns"), frame.get("data")
    if not isinstance(rows, list):
        return
    if isinstance(columns, list) and all(isinstance(column, str) for column in columns):
        if all(isinstance(row, list) and len(row) == len(columns) for row in rows):
            yield Reading([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        yield Reading(rows)


def _is_tensor(item: object) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("data"), list)
        and isinstance(item.get("shape"), list)
        and isinstance(item.get("name"), str)
    )


def _tensors(tensors: Sequence[Mapping[str, object]]) -> Iterator[Reading]:
    """Open Inference Protocol v2: one tensor of rows, or a tensor a column."""
    arrays = [_array(tensor) for tensor in tensors]
    if any(not isinstance(array, list) for array in arrays):
        return
    named = zip(tensors, arrays, strict=True)
    yield from _transposed({str(tensor["name"]): _unwrapped(array) for tensor, array in named})
    if len(arrays) == 1:
        yield from json_readings(arrays[0], (), _DEEPEST)


def _array(tensor: Mapping[str, object]) -> object:
    shape, data = tensor["shape"], tensor["data"]
    if not isinstance(shape, list) or not isinstance(data, list):
        return NOTHING
    if not all(type(length) is int and length >= 0 for length in shape):
        return NOTHING
    while data and isinstance(data[0], list):
        data = [item for row in data if isinstance(row, list) for item in row]
    if len(data) != math.prod(shape):
        return NOTHING
    try:
        return nest(data, shape)
    except ValueError:
        return NOTHING


def _unwrapped(array: object) -> object:
    """A column of shape [n, 1] holds n values, not n lists."""
    rows = array if isinstance(array, list) else []
    if all(isinstance(row, list) and len(row) == 1 for row in rows):
        return [row[0] for row in rows]
    return array
