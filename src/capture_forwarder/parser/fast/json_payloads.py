"""Payloads of one side that are JSON → rows, each payload by one call of a typed decoder.

The first payload says which shape the payloads of the chunk have: a document that has the columns,
by key or by path; or records that are lists, records that name the columns, or single values, in a
list of their own or under a key such as `instances`. A payload of another shape, or with a value
of another type than its column's, is left to the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from types import GenericAlias
from typing import Any

import msgspec

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.fast.json_paths import Paths, is_field, paths_of
from capture_forwarder.parser.fast.knobs import SHAPES_KNOWN
from capture_forwarder.parser.fast.rows import Rows, Values
from capture_forwarder.parser.formats.json_document import CONTAINERS
from capture_forwarder.parser.formats.json_text import decode_json
from capture_forwarder.parser.mapping.casts import cast_to
from capture_forwarder.parser.mapping.columns import Column


class _Document(msgspec.Struct, frozen=True):
    """A document that is a record by itself, and the keys that it has beside the columns'."""

    paths: Paths
    others: tuple[str, ...]


class _List(msgspec.Struct, frozen=True):
    """Records in a list: the key that holds it, if any, and what a record is."""

    key: str | None
    record: str


_Shape = _Document | _List
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
_TEXTS = (DataType.STR, DataType.CATEGORY, DataType.TIMESTAMP)


class JsonPayloads:
    """Reads the requests or the responses of a route's calls; made once a route.

    Parameters
    ----------
    columns
        In captured order; at least one.
    schema
        The types that are known; a vector cannot be read here.
    """

    def __init__(self, columns: Sequence[Column], schema: Schema) -> None:
        names = [column.name for column in columns]
        known = [schema.types.get(name) for name in names]
        self._types = [_VALUE_TYPES[kind] for kind in known]
        self._sources = tuple(column.key for column in columns)
        self._names_in_lists = not any(column.is_path for column in columns)
        self._paths = paths_of(columns, self._types)
        self._casts = {
            index: cast_to(DataType(kind), schema.categories.get(name, ()))
            for index, (name, kind) in enumerate(zip(names, known, strict=True))
            if kind in _TEXTS
        }
        self._decoder = lru_cache(maxsize=SHAPES_KNOWN)(self._make_decoder)

    def read(self, payloads: Sequence[str]) -> Rows:
        """Read the payload of each call; calls that are left to the oracle are not in the rows."""
        shape = self._shape(decode_json(payloads[0])) if payloads else None
        if shape is None:
            return Rows()
        decode = self._decoder(shape)
        calls, counts = [], []
        values: list[Values] = []
        for call, text in enumerate(payloads):
            try:
                rows = self._cast(decode(text)) if self._casts else decode(text)
            except (ValueError, IndexError, msgspec.MsgspecError, RecursionError):
                continue
            if rows and len(rows) <= MOST_RECORDS:
                calls.append(call)
                counts.append(len(rows))
                values += rows
        return Rows(calls, counts, values)

    def _cast(self, rows: Sequence[Values]) -> Sequence[Values]:
        if not rows:
            return rows
        columns: list[Sequence[object]] = list(zip(*rows, strict=True))
        for index, cast in self._casts.items():
            columns[index] = list(map(cast, columns[index]))
        return list(zip(*columns, strict=True))

    def _shape(self, document: object) -> _Shape | None:
        key: str | None = None
        records = document
        if isinstance(document, dict):
            keys = document.keys()
            if self._paths is not None and self._paths.fields.keys() <= keys:
                others = tuple(sorted(keys - self._paths.fields.keys()))
                odd = keys >= _FRAME or any(map(set(self._sources).__contains__, others))
                return (
                    None
                    if odd or not all(map(is_field, others))
                    else _Document(self._paths, others)
                )
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

    def _make_decoder(self, shape: _Shape) -> Callable[[str], Sequence[Values]]:
        if isinstance(shape, _Document):
            return _decoder_of_documents(shape)
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
        document: Any = GenericAlias(list, item)
        if shape.key is not None:
            document = msgspec.defstruct(
                "Document",
                [("records", document)],
                rename={"records": shape.key},
                forbid_unknown_fields=True,
            )
        read = msgspec.json.Decoder(document).decode
        records_of = attrgetter("records") if shape.key is not None else _same
        if shape.record == _LISTS:
            return lambda text: records_of(read(text))
        values_of = _alone if shape.record == _SINGLE else _values_of(fields)
        return lambda text: list(map(values_of, records_of(read(text))))


def _decoder_of_documents(shape: _Document) -> Callable[[str], Sequence[Values]]:
    read = msgspec.json.Decoder(shape.paths.type_of(shape.others)).decode
    getters = shape.paths.getters

    def decode(text: str) -> Sequence[Values]:
        document = read(text)
        return [tuple([get(document) for get in getters])]

    return decode


def _same(records: Any) -> Any:  # noqa: ANN401 - whatever was decoded
    return records


def _alone(value: object) -> Values:
    return (value,)


def _values_of(fields: Sequence[str]) -> Callable[[Any], Values]:
    if len(fields) == 1:
        only: Callable[[Any], object] = attrgetter(fields[0])
        return lambda record: (only(record),)
    return attrgetter(*fields)
