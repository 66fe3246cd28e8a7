"""A JSON document → what can be records in it.

The shapes are those of AWS's built-in algorithms (`instances`, `predictions`, `features`,
`probabilities`, ...), TensorFlow Serving, MLflow, pandas and the Open Inference Protocol v2, and
whatever looks like them. Nothing here decides which of them is meant.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.formats.arrays import are_lengths, nest
from capture_forwarder.parser.formats.json_text import NOTHING

CONTAINERS = (
    "instances",
    "predictions",
    "inputs",
    "outputs",
    "data",
    "results",
    "dataframe_records",
    "dataframe_split",
    "projections",
    "scores",
)
"""Keys of a document that hold its records."""
VALUES = (
    "features",
    "probabilities",
    "values",
    "data",
    "projection",
    "scores",
    "score",
    "embeddings",
    "embedding",
)
"""Keys of a record that hold its values in order. AWS's common format nests them:
`{"data": {"features": {"values": [...]}}}`."""

Record = Mapping[str, object]
_DEEPEST = 4
_MOST_LOOKED_AT = 200
_LONGEST_KEY = 1_000


def values_of(record: Record, depth: int = 0) -> list[object] | None:
    """The list that a record keeps its values in; None if it has no such list."""
    for key in VALUES:
        held = record.get(key)
        if isinstance(held, list):
            return held
        if isinstance(held, dict) and depth < _DEEPEST:
            return values_of(held, depth + 1)
    return None


def split_frame(document: Record) -> list[object] | None:
    """The rows of pandas' `split` orientation, by its column names; None if it is another thing.

    A frame whose columns have no names, only numbers, keeps its rows as lists, and so does one of
    more rows than are read.
    """
    columns, rows = document.get("columns"), document.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list) or not columns:
        return None
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        return None
    if len(rows) > MOST_RECORDS or not all(isinstance(column, str) for column in columns):
        return rows
    return [dict(zip(columns, row, strict=True)) for row in rows]


def records_by_index(document: Record) -> list[object] | None:
    """The records of pandas' `index` orientation: `{"0": {...}, "1": {...}}`, all alike."""
    records = list(document.values())
    first = records[0] if records else None
    if not isinstance(first, dict) or not first:
        return None
    if len(records) == 1 and not next(iter(document)).isdecimal():
        return None
    alike = all(isinstance(record, dict) and record.keys() == first.keys() for record in records)
    return records if alike else None


def transposed(columns: Record) -> list[object] | None:
    """The records of a dictionary of columns; None if they are not alike, or more than are read.

    Columns are lists of one length, or, as pandas writes them by default, dictionaries of the
    same row labels.
    """
    held = list(columns.values())
    if all(isinstance(column, list) for column in held):
        lists: list[list[object]] = held  # type: ignore[assignment]
    elif _have_the_same_labels(held):
        lists = [list(column.values()) for column in held]  # type: ignore[attr-defined]
    else:
        return None
    if not lists or not lists[0] or len({len(column) for column in lists}) != 1:
        return None
    if len(lists[0]) > MOST_RECORDS:
        return None
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def tensor_columns(held: object) -> dict[str, object] | None:
    """The tensors of the Open Inference Protocol v2 as nested lists by name; None for others."""
    if not isinstance(held, list) or not held or not all(map(_is_tensor, held)):
        return None
    arrays = {str(tensor["name"]): _array(tensor) for tensor in held}
    return arrays if all(isinstance(array, list) for array in arrays.values()) else None


def are_tensors(held: object) -> bool:
    """Whether these are tensors of the Open Inference Protocol v2, whatever is in them."""
    return isinstance(held, list) and bool(held) and all(map(_is_tensor, held))


def is_single(value: object) -> bool:
    """Whether this is one plain value, perhaps in a list of nothing else: `5`, `[5]`, `[[5]]`."""
    while isinstance(value, list):
        if len(value) != 1:
            return False
        value = value[0]
    return not isinstance(value, dict)


def single(value: object) -> object:
    """The plain value that `is_single` found."""
    while isinstance(value, list):
        value = value[0]
    return value


def lists_below(document: object) -> Iterator[tuple[str, Sequence[object]]]:
    """Yield the lists in a document with the JMESPath to each, the outermost first."""
    waiting = deque([("", document)])
    for _ in range(_MOST_LOOKED_AT):
        if not waiting:
            return
        path, held = waiting.popleft()
        if isinstance(held, dict):
            below = islice(held.items(), _MOST_LOOKED_AT)
            waiting += ((join(path, key), value) for key, value in below)
        elif isinstance(held, list) and held:
            yield path, held


def join(path: str, key: str) -> str:
    """The JMESPath of a key below a path."""
    return f"{path}.{quoted(key)}" if path else quoted(key)


def quoted(key: str) -> str:
    """A key as JMESPath writes it; one that is longer than any name is cut."""
    key = key[:_LONGEST_KEY]
    plain = key.isascii() and key.replace("_", "a").isalnum() and not key[:1].isdigit()
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return key if plain else f'"{escaped}"'


def _have_the_same_labels(columns: Sequence[object]) -> bool:
    first = columns[0] if columns else None
    if not isinstance(first, dict) or not first:
        return False
    if not all(isinstance(one, dict) and one.keys() == first.keys() for one in columns):
        return False
    # One dictionary alone is sooner a value of its own, unless its labels can only be row numbers.
    return len(columns) > 1 or all(str(label).isdecimal() for label in first)


def _is_tensor(item: object) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("data"), list)
        and isinstance(item.get("shape"), list)
        and isinstance(item.get("name"), str)
    )


def _array(tensor: Record) -> object:
    shape, data = tensor["shape"], tensor["data"]
    if not isinstance(shape, list) or not isinstance(data, list):
        return NOTHING
    if not are_lengths(shape):
        return NOTHING
    while data and isinstance(data[0], list):
        data = [item for row in data if isinstance(row, list) for item in row]
    if len(data) != math.prod(shape):
        return NOTHING
    try:
        return nest(data, shape)
    except ValueError:
        return NOTHING
