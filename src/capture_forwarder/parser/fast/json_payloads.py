"""Payloads of one side that are JSON → rows, each payload by one call of a typed decoder.

The first payload says which shape the payloads of the chunk have: records that are lists, records
that name the columns, single values, in a list of their own or under a key such as `instances`. A
payload of another shape, or with a value of another type than its column's, is left to the oracle.
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
from capture_forwarder.parser.fast.knobs import SHAPES_KNOWN
from capture_forwarder.parser.fast.rows import Rows, Values
from capture_forwarder.parser.formats.json_document import CONTAINERS
from capture_forwarder.parser.formats.json_text import decode_json
from capture_forwarder.parser.mapping.casts import cast_to

_Shape = tuple[str | None, str]
"""The key that holds the records, if any, and what a record is."""

_LISTS, _NAMED, _SINGLE, _ALONE = "lists", "named", "single values", "a named record alone"
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
_TEXTS = (DataType.STR, DataType.CATEGORY, DataType.TIMESTAMP)


class JsonPayloads:
    """Reads the requests or the responses of a route's calls; made once a route.

    Parameters
    ----------
    names
        The columns, in captured order; at least one.
    sources
        The keys that records which name the columns have for them.
    schema
        The types that are known; a vector cannot be read here.
    """

    def __init__(self, names: Sequence[str], sources: Sequence[str], schema: Schema) -> None:
        known = [schema.types.get(name) for name in names]
        self._types = [_VALUE_TYPES[kind] for kind in known]
        self._sources = tuple(sources)
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
            except (ValueError, msgspec.MsgspecError, RecursionError):
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
            if set(self._sources) <= document.keys():
                return None, _ALONE
            key, records = next(iter(document.items()), (None, None))
            if len(document) > 1 or key not in CONTAINERS or key in self._sources:
                return None
        if not isinstance(records, list) or not records:
            return None
        kind = _KINDS.get(type(records[0]), _SINGLE)
        return None if kind == _SINGLE and len(self._types) > 1 else (key, kind)

    def _make_decoder(self, shape: _Shape) -> Callable[[str], Sequence[Values]]:
        key, record = shape
        fields = [f"column_{n}" for n in range(len(self._types))]
        names = msgspec.defstruct(
            "Record",
            list(zip(fields, self._types, strict=True)),
            rename=dict(zip(fields, self._sources, strict=True)),
            forbid_unknown_fields=record == _ALONE,
            gc=False,
        )
        if record == _ALONE:
            read_one = msgspec.json.Decoder(names).decode
            of_one = _values_of(fields)
            return lambda text: [of_one(read_one(text))]
        item: Any = names
        if record == _LISTS:
            item = GenericAlias(tuple, tuple(self._types))
        elif record == _SINGLE:
            item = self._types[0]
        document: Any = GenericAlias(list, item)
        if key is not None:
            document = msgspec.defstruct(
                "Document",
                [("records", document)],
                rename={"records": key},
                forbid_unknown_fields=True,
            )
        read = msgspec.json.Decoder(document).decode
        records_of = attrgetter("records") if key is not None else _same
        if record == _LISTS:
            return lambda text: records_of(read(text))
        values_of = _alone if record == _SINGLE else _values_of(fields)
        return lambda text: list(map(values_of, records_of(read(text))))


def _same(records: Any) -> Any:  # noqa: ANN401 - whatever was decoded
    return records


def _alone(value: object) -> Values:
    return (value,)


def _values_of(fields: Sequence[str]) -> Callable[[Any], Values]:
    if len(fields) == 1:
        only: Callable[[Any], object] = attrgetter(fields[0])
        return lambda record: (only(record),)
    return attrgetter(*fields)
