"""Where the columns' values stand in a record: by a key, or by a JMESPath."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

from capture_forwarder.parser.mapping.columns import Column

MISSING = object()
"""Stands for the value of a column that a record does not have; a null is a value."""

_Record = Mapping[str, object]
_Node = Mapping[str, Any]  # as jmespath parses: type, children, value
_FAILURES = (JMESPathError, ValueError, TypeError, AttributeError, RecursionError)


class Sources:
    """Finds the values of columns in records.

    Parameters
    ----------
    columns
        The columns of a request or a response, in order; at least one.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._names = [column.name for column in columns]
        paths = any(column.is_path for column in columns)
        self._plain = [] if paths else [column.key for column in columns]
        self._getters = [_getter(column) for column in columns]
        self._starts = [(column.key, *starts_of(column)) for column in columns]
        self._votes = [n for n, starts in enumerate(self._starts) if starts[1:]]

    def of_record(self, record: _Record) -> list[object] | None:
        """The value of each column, `MISSING` where there is none; None if it has no column."""
        if self._plain:
            if not any(map(record.__contains__, self._plain)):
                return None
            return [record.get(name, MISSING) for name in self._plain]
        found = [get(record) for get in self._getters]
        # A path that begins with no key, such as `@` or a literal, finds something in anything.
        votes = self._votes or range(len(found))
        return None if all(found[n] is MISSING for n in votes) else found

    def of_row(self, row: _Record) -> list[object] | None:
        """The same of a row of CSV below a header, whose cells may go by the columns' own names."""
        found = self.of_record(row) or [MISSING] * len(self._names)
        found = [
            row.get(name, MISSING) if value is MISSING else value
            for name, value in zip(self._names, found, strict=True)
        ]
        return None if all(value is MISSING for value in found) else found

    def columns_of(self, document: _Record) -> dict[str, object]:
        """The keys of a document that the columns' sources start from, with what they hold."""
        found = {}
        for source, *starts in self._starts:
            for key in [source] if source in document else starts:
                if key in document:
                    found[key] = document[key]
        return found


def starts_of(column: Column) -> tuple[str, ...]:
    """The keys of a record that a column's source begins with; none for paths such as `@`."""
    if not column.is_path:
        return (column.key,)
    return tuple(dict.fromkeys(_starts(jmespath.compile(column.key).parsed)))


def _starts(node: _Node) -> Iterator[str]:
    match node["type"]:
        case "field":
            yield node["value"]
        case "literal" | "expref":
            return
        case "subexpression" | "index_expression" | "pipe" | "projection" | "value_projection":
            yield from _starts(node["children"][0])
        case "filter_projection" | "flatten" | "key_val_pair":
            yield from _starts(node["children"][0])
        case _:
            for child in node["children"]:
                yield from _starts(child)


def _getter(column: Column) -> Callable[[_Record], object]:
    source = column.key
    if not column.is_path:
        return lambda record: record.get(source, MISSING)
    parsed = jmespath.compile(source).parsed

    def get(record: _Record) -> object:
        if source in record:
            return record[source]
        try:
            return _visit(parsed, record)
        except _FAILURES:
            return MISSING

    return get


def _visit(node: _Node, value: object) -> object:
    """Evaluate a path, telling a null that is there from a key that is not."""
    kind, children = node["type"], node["children"]
    if kind in {"subexpression", "index_expression", "pipe"}:
        for child in children:
            value = _visit(child, value)
            if value is MISSING:
                return MISSING
        return value
    if kind == "field":
        return value.get(node["value"], MISSING) if isinstance(value, dict) else MISSING
    if kind == "index":
        at = node["value"]
        inside = isinstance(value, list) and -len(value) <= at < len(value)
        return value[at] if inside else MISSING  # type: ignore[index]
    found: object = TreeInterpreter().visit(node, value)  # type: ignore[arg-type]
    return MISSING if found is None else found
