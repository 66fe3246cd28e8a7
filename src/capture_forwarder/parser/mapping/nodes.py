"""A JSON document, level by level from the outside in: where records with names may stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from capture_forwarder.parser.formats.json_document import (
    CONTAINERS,
    VALUES,
    are_tensors,
    is_single,
    join,
    quoted,
    records_by_index,
    split_frame,
    tensor_columns,
    transposed,
)
from capture_forwarder.parser.formats.json_text import NOTHING, JsonLines, decode_inside
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.mapping.sources import Sources

_KNOWN = frozenset({*CONTAINERS, *VALUES})
_BATCHES = frozenset({"inputs", "outputs"})  # TensorFlow Serving's columns, always of a batch
_DEEPEST = 5
_MOST_ON_A_LEVEL = 64


class Node(msgspec.Struct, frozen=True):
    """A part of a document that may hold records.

    `known` says that only keys lead to it that are known to hold records; elsewhere some of the
    columns' names could stand by accident, and all of them are asked for.
    """

    held: object
    path: str = ""
    known: bool = True


def levels(document: object) -> Iterator[Sequence[Node]]:
    """Yield the parts of a document, those at one depth together."""
    level = [Node(document)]
    for _ in range(_DEEPEST):
        if not level:
            return
        yield level
        below = (child for node in level for child in _children(node))
        level = [child for child, _ in zip(below, range(_MOST_ON_A_LEVEL), strict=False)]


def readings_of(node: Node, sources: Sources, *, alone: bool) -> Iterator[Reading]:
    """Yield the ways to read a part of a document as named records.

    Parameters
    ----------
    node
        The part.
    sources
        The columns, for dictionaries of columns.
    alone
        Whether no other payload's number of records can tell a record whose values are lists
        from a dictionary of columns; then it is a record.
    """
    held = node.held
    if isinstance(held, list):
        if (arrays := tensor_columns(held)) is not None:
            yield from _columnar(arrays, node, sources, alone=alone)
        elif held and not are_tensors(held) and all(isinstance(item, dict) for item in held):
            yield Reading(held, path=node.path)
    elif isinstance(held, dict):
        if (rows := split_frame(held)) and isinstance(rows[0], dict):
            yield Reading(rows, path=node.path)
        if records := records_by_index(held):
            yield Reading(records, path=join(node.path, "*") if node.path else "*")
        yield from _columnar(held, node, sources, alone=alone)


def _columnar(
    held: Mapping[str, object], node: Node, sources: Sources, *, alone: bool
) -> Iterator[Reading]:
    records = transposed(sources.columns_of(held))
    one = alone and node.path not in _BATCHES and not _of_shape_n_1(records)
    record = f"[{node.path or '@'}]"
    yield Reading([held], path=record, doubt=records is not None and not one)
    if records is not None:
        yield Reading(records, path=node.path, doubt=one)


def _of_shape_n_1(records: Sequence[object] | None) -> bool:
    """Whether columns hold a list of one value a record, which one record would not."""
    cells = [cell for one in records or () if isinstance(one, dict) for cell in one.values()]
    return bool(cells) and all(isinstance(cell, list) and is_single(cell) for cell in cells)


def _children(node: Node) -> Iterator[Node]:
    held = node.held
    if isinstance(held, str):
        if (inside := decode_inside(held)) is not NOTHING:
            yield Node(inside, node.path, node.known)
    elif isinstance(held, dict):
        if split_frame(held) is None:
            for key, value in held.items():
                yield from _below(value, join(node.path, key), node.known and key in _KNOWN)
    elif isinstance(held, list) and held and not are_tensors(held):
        yield from _inside_each(held, node)


def _below(value: object, path: str, known: bool) -> Iterator[Node]:  # noqa: FBT001
    if isinstance(value, (dict, list)) and value:
        yield Node(value, path, known)
    elif isinstance(value, str) and (inside := decode_inside(value)) is not NOTHING:
        yield Node(inside, path, known)


def _inside_each(items: Sequence[object], node: Node) -> Iterator[Node]:
    """What each record of a list holds under one key, or as the only item of a list."""
    first = items[0]
    if isinstance(first, dict):
        records = [item for item in items if isinstance(item, dict)]
        keys = first if len(records) == len(items) else ()
        for key in keys:
            # The first record without it ends the search: there may be many keys and records.
            if all(isinstance(item.get(key), dict) for item in records):
                inner = [item[key] for item in records]
                path = f"{node.path}[*].{quoted(key)}"
                yield Node(_like(items, inner), path, node.known and key in _KNOWN)
    elif isinstance(first, list):
        if all(isinstance(item, list) and len(item) == 1 for item in items):
            inner = [item[0] for item in items]  # type: ignore[index]
            if all(isinstance(item, dict) for item in inner):
                yield Node(_like(items, inner), f"{node.path}[*][0]", node.known)
    elif isinstance(first, str):
        inner = [decode_inside(item) if isinstance(item, str) else NOTHING for item in items]
        if all(isinstance(item, dict) for item in inner):
            yield Node(_like(items, inner), node.path, node.known)


def _like(items: Sequence[object], inner: list[object]) -> list[object]:
    return JsonLines(inner) if isinstance(items, JsonLines) else inner
