"""Payloads of one side that are JSON → rows, all of them by one call of a typed decoder.

The first payload says which shape the payloads of the chunk have: a document that has the columns,
by key or by path; or records that are lists, records that name the columns, or single values, in a
list of their own or under a key such as `instances`. A payload of another shape, or with a value
of another type than its column's, is left to the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from types import GenericAlias
from typing import Any

import msgspec

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.fast.json_paths import Paths, is_field, paths_of
from capture_forwarder.parser.fast.json_texts import TextTyper
from capture_forwarder.parser.fast.json_words import with_nulls
from capture_forwarder.parser.fast.knobs import SHAPES_KNOWN
from capture_forwarder.parser.fast.rows import Rows, Values
from capture_forwarder.parser.formats.json_document import CONTAINERS, VALUES
from capture_forwarder.parser.formats.json_text import decode_json
from capture_forwarder.parser.mapping.columns import Column


class _Document(msgspec.Struct, frozen=True):
    """A document that is a record by itself, and the keys that it has beside the columns'."""

    paths: Paths
    others: tuple[str, ...]


class _List(msgspec.Struct, frozen=True):
    """Records in a list: the key that holds it, if any, and what a record is."""

    key: str | None
    record: str


class _Line(msgspec.Struct, frozen=True):
    """A line that is the list of a record's values, under a key or without, or its only value."""

    key: str | None
    is_list: bool


_Shape = _Document | _List | _Line
_RowsOf = Callable[[Sequence[Any]], tuple[Sequence[int], Sequence[Values]]]
_ValuesOf = Callable[[Sequence[Any]], Sequence[Values]]


class _Reader(msgspec.Struct, frozen=True):
    """What decodes payloads of a shape, and gives how many rows each has, and their values."""

    decoder: msgspec.json.Decoder[Any]
    rows: _RowsOf


_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BRACKETS = [({"{"}, {"}"}), ({"["}, {"]"})]
_FIRST, _LAST = itemgetter(0), itemgetter(-1)
_LISTS, _NAMED, _SINGLE = "lists", "named", "single values"
_KINDS: dict[type, str] = {list: _LISTS, dict: _NAMED}
_VALUE_TYPES: dict[DataType | None, Any] = {
    None: int | float | str | bool | None,
    DataType.FLOAT: float | None,
    DataType.INT: int | None,
    DataType.BOOL: bool | None,
    DataType.STR: str | None,
    DataType.CATEGORY: str | None,
    DataType.TIMESTAMP: str | None,
}
"""What a value may be in JSON, by its column's type; a vector has no fast reader."""
_FRAME = {"columns", "data"}
_LINE_KEYS = frozenset(VALUES) - frozenset(CONTAINERS)


class JsonPayloads:
    """Reads the requests or the responses of a route's calls; made once a route.

    Parameters
    ----------
    columns
        In captured order; at least one.
    schema
        The types that are known; a vector cannot be read here.
    lines
        Whether a payload is a line of JSON Lines, which is one record whatever it holds.
    """

    def __init__(self, columns: Sequence[Column], schema: Schema, *, lines: bool = False) -> None:
        names = [column.name for column in columns]
        known = [schema.types.get(name) for name in names]
        self._types = [_VALUE_TYPES[kind] for kind in known]
        self._sources = tuple(column.key for column in columns)
        self._names_in_lists = not any(column.is_path for column in columns)
        self._paths = paths_of(columns, self._types)
        self._typed = TextTyper(names, schema)
        self._shape = self._shape_of_line if lines else self._shape_of_document
        self._reader = lru_cache(maxsize=SHAPES_KNOWN)(self._make_reader)

    def read(self, payloads: Sequence[str]) -> Rows:
        """Read the payload of each call; calls that are left to the oracle are not in the rows."""
        shape = self._shape(decode_json(payloads[0])) if payloads else None
        if shape is None:
            return Rows()
        reader = self._reader(shape)
        documents = _all_at_once(reader.decoder, payloads)
        if not documents:
            payloads = list(map(with_nulls, payloads))
            documents = _all_at_once(reader.decoder, payloads)
        if documents and (rows := self._rows(reader, range(len(documents)), documents)):
            return rows
        calls: list[int] = []
        counts: list[int] = []
        values: list[Values] = []
        for call, text in enumerate(payloads):
            try:
                document = reader.decoder.decode(text)
            except _UNDECODABLE:
                continue
            if rows := self._rows(reader, [call], [document]):
                calls.append(call)
                counts += rows.counts
                values += rows.values
        return Rows(calls, counts, values)

    def _rows(self, reader: _Reader, calls: Sequence[int], documents: Sequence[Any]) -> Rows | None:
        """The rows of documents; None if one of them is odd."""
        try:
            counts, values = reader.rows(documents)
            sizes = set(counts)
            if min(sizes) < 1 or max(sizes) > MOST_RECORDS:
                return None
            return Rows(calls, counts, self._typed(values))
        except (ValueError, IndexError):
            return None

    def _shape_of_line(self, document: object) -> _Shape | None:
        key, values = None, document
        if isinstance(document, dict):
            if self._is_record(document):
                return self._shape_of_record(document)
            key, values = next(iter(document.items()), (None, None))
            if len(document) > 1 or key not in _LINE_KEYS or key in self._sources:
                return None
        is_list = isinstance(values, list)
        found = values if isinstance(values, list) else [values]
        if len(found) != len(self._types) or any(isinstance(one, list | dict) for one in found):
            return None
        # A single value under a key may be meant for another column, or be a list of one.
        return None if key is not None and len(found) == 1 else _Line(key, is_list)

    def _is_record(self, document: Mapping[str, object]) -> bool:
        return self._paths is not None and self._paths.fields.keys() <= document.keys()

    def _shape_of_record(self, document: Mapping[str, object]) -> _Shape | None:
        if self._paths is None:
            return None
        keys = document.keys()
        others = tuple(sorted(keys - self._paths.fields.keys()))
        odd = keys >= _FRAME or any(map(set(self._sources).__contains__, others))
        return None if odd or not all(map(is_field, others)) else _Document(self._paths, others)

    def _shape_of_document(self, document: object) -> _Shape | None:
        key: str | None = None
        records = document
        if isinstance(document, dict):
            if self._is_record(document):
                return self._shape_of_record(document)
            key, records = next(iter(document.items()), (None, None))
            if len(document) > 1 or key not in CONTAINERS or key in self._sources:
                return None
        if not isinstance(records, list) or not records:
            return None
        kind = _KINDS.get(type(records[0]), _SINGLE)
        if (kind == _SINGLE and len(self._types) > 1) or (
            kind == _NAMED and not self._names_in_lists
        ):
            return None
        return _List(key, kind)

    def _make_reader(self, shape: _Shape) -> _Reader:
        if isinstance(shape, _Document):
            decoder = msgspec.json.Decoder(shape.paths.type_of(shape.others))
            return _Reader(decoder, _rows_of_documents(shape.paths))
        if isinstance(shape, _Line):
            values: Any = GenericAlias(tuple, tuple(self._types))
            of_line = _keyed(shape.key, values if shape.is_list else self._types[0])
            return _Reader(msgspec.json.Decoder(of_line), _rows_of_lines(shape))
        fields = [f"column_{n}" for n in range(len(self._types))]
        if shape.record == _LISTS:
            item: Any = GenericAlias(tuple, tuple(self._types))
        elif shape.record == _SINGLE:
            item = self._types[0]
        else:
            item = msgspec.defstruct(
                "Record",
                list(zip(fields, self._types, strict=True)),
                rename=dict(zip(fields, self._sources, strict=True)),
                gc=False,
            )
        document = _keyed(shape.key, GenericAlias(list, item))
        of_lists = _rows_of_lists(_VALUES_OF[shape.record], keyed=shape.key is not None)
        return _Reader(msgspec.json.Decoder(document), of_lists)


def _all_at_once(decoder: msgspec.json.Decoder[Any], payloads: Sequence[str]) -> Sequence[Any]:
    """Decode payloads in one call; nothing if one of them is odd."""
    payloads = list(map(str.strip, payloads))
    try:
        # So begun and ended, no document goes on in the next one; as many as payloads are one each.
        if (set(map(_FIRST, payloads)), set(map(_LAST, payloads))) not in _BRACKETS:
            return ()
        documents = decoder.decode_lines("\n".join(payloads))
    except (*_UNDECODABLE, IndexError):
        return ()
    return documents if len(documents) == len(payloads) else ()


def _keyed(key: str | None, kind: Any) -> Any:  # noqa: ANN401 - a type that is made here
    """The type of a document that is of a kind, or holds it under a key and nothing else."""
    if key is None:
        return kind
    fields = [("records", kind)]
    renamed = {"records": key}
    return msgspec.defstruct(
        "Document", fields, rename=renamed, forbid_unknown_fields=True, gc=False
    )


def _rows_of_lines(shape: _Line) -> _RowsOf:
    """Each document is the values of a record, or has them under its key."""

    def rows(documents: Sequence[Any]) -> tuple[Sequence[int], Sequence[Values]]:
        values = documents if shape.key is None else [one.records for one in documents]
        return [1] * len(documents), values if shape.is_list else _each_alone(values)

    return rows


def _rows_of_documents(paths: Paths) -> _RowsOf:
    """Each document is a record."""

    def rows(documents: Sequence[Any]) -> tuple[Sequence[int], Sequence[Values]]:
        columns = []
        for steps in paths.getters:
            column: Iterable[Any] = documents
            for get in steps:
                column = map(get, column)
            columns.append(list(column))
        return [1] * len(documents), list(zip(*columns, strict=True))

    return rows


def _rows_of_lists(values_of: _ValuesOf, *, keyed: bool) -> _RowsOf:
    """Each document is a list of records, or has one under its key."""

    def rows(documents: Sequence[Any]) -> tuple[Sequence[int], Sequence[Values]]:
        lists = [document.records for document in documents] if keyed else documents
        records = lists[0] if len(lists) == 1 else list(chain.from_iterable(lists))
        return list(map(len, lists)), values_of(records)

    return rows


def _as_they_are(records: Sequence[Values]) -> Sequence[Values]:
    return records


def _of_each(records: Sequence[msgspec.Struct]) -> Sequence[Values]:
    return list(map(msgspec.structs.astuple, records))


def _each_alone(values: Sequence[object]) -> Sequence[Values]:
    return list(zip(values, strict=True))


_VALUES_OF: dict[str, _ValuesOf] = {
    _LISTS: _as_they_are,
    _NAMED: _of_each,
    _SINGLE: _each_alone,
}
