"""One side of a call on its columns: every reading of it that fits, as rows of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError

from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.formats.csv_text import csv_readings
from capture_forwarder.parser.formats.decode import Format, decode_side
from capture_forwarder.parser.formats.json_document import (
    NOTHING,
    decode_documents,
    is_failure,
    json_readings,
    values_of,
)
from capture_forwarder.parser.formats.npy import read_npy
from capture_forwarder.parser.formats.payload import bracketed_readings, failed_call
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.mapping.candidates import Candidate
from capture_forwarder.parser.mapping.columns import Column, is_plain_name
from capture_forwarder.parser.record import Side
from capture_forwarder.parser.rejected import RejectedError

Getter = Callable[[dict[str, object]], object]

_MISSING = object()
_SINGLE = frozenset({str, int, float, bool, type(None)})
_MAY_HOLD_BRACKETS = frozenset({DataType.STR, DataType.CATEGORY, DataType.VECTOR})


class SidePlan(msgspec.Struct, frozen=True):
    """What a route wants of one side.

    Parameters
    ----------
    name
        "request" or "response", for rejections.
    missing
        The reason to give when the side was not captured.
    columns
        The columns in captured order; at least one.
    path
        JMESPath that selects the records inside a JSON document.
    header, optional_header
        Whether CSV starts with a header row, and whether it may do without.
    """

    name: str
    missing: Reason
    columns: tuple[Column, ...]
    path: str | None = None
    header: bool = False
    optional_header: bool = False


class SideReader:
    """Reads one side of a call by its columns; made once a route.

    Parameters
    ----------
    plan
        What is wanted of the side.
    types
        Column name → type, where the platform has a schema.
    """

    def __init__(self, plan: SidePlan, types: Mapping[str, DataType]) -> None:
        columns = plan.columns
        self._plan = plan
        self._name = plan.name
        self._width = len(columns)
        sources = [column.source or column.name for column in columns]
        self._getters = [_getter(source) for source in sources]
        self._plain_names = sources if all(map(is_plain_name, sources)) else []
        self._keys = tuple(
            dict.fromkeys(key for column in columns for key in (column.source, column.name) if key)
        )
        self._types = [types.get(column.name) for column in columns]
        self._vectors = [n for n, kind in enumerate(self._types) if kind is DataType.VECTOR]
        self._texts = [n for n, kind in enumerate(self._types) if kind is DataType.STR]
        self._search = jmespath.compile(plan.path).search if plan.path else None

    def candidates(self, side: Side | None) -> list[Candidate]:
        """Read a side in every way that it can be read.

        Raises
        ------
        RejectedError
            The side is missing or cannot be decoded, or is the answer of a failed call.
        """
        if side is None or side.data is None:
            detail = f"The {self._name} was not captured, but columns are to be read from it."
            raise RejectedError(self._plan.missing, detail)
        if not side.data:
            return [Candidate(0, [], text=True)]
        return [self._bound(reading) for reading in self._readings(side)]

    def _readings(self, side: Side) -> Iterator[Reading]:
        form, content = decode_side(side, self._name)
        if isinstance(content, bytes):
            yield from json_readings(read_npy(content, self._name), self._keys)
            return
        if not content.strip():
            yield Reading([])
            return
        if form is Format.CSV:
            if is_failure(decode_documents(content) if content[:1] == "{" else None):
                raise failed_call(self._name)
            yield from csv_readings(
                content,
                self._name,
                self._keys,
                header=self._plan.header,
                optional_header=self._plan.optional_header,
            )
            return
        document = decode_documents(content)
        if document is NOTHING:
            yield from bracketed_readings(content, self._name)
            return
        if is_failure(document) and self._values(document, text=False) is None:
            raise failed_call(self._name)
        yield from json_readings(self._selected(document), self._keys)

    def _selected(self, document: object) -> object:
        if self._search is None:
            return document
        try:
            selected = self._search(document)
        except (JMESPathError, ValueError, TypeError, AttributeError, RecursionError):
            selected = None
        if selected is None:
            detail = f"The path {self._plan.path} selects nothing in the {self._name}."
            raise RejectedError(self._plan.missing, detail)
        return selected

    def _bound(self, reading: Reading) -> Candidate:
        rows: list[list[object]] = []
        misfits = reading.doubt
        count = len(reading.records)
        for record in reading.records:
            values = self._values(record, text=reading.text)
            if values is None or (reading.strict and not self._brackets_fit(values)):
                unfit = self._describe(count, record)
                return Candidate(count, None, reading.text, unfit=unfit)
            misfits += self._misfits(values, text=reading.text)
            rows.append(values)
        return Candidate(count, rows, reading.text, misfits)

    def _values(self, record: object, *, text: bool) -> list[object] | None:
        """Put the values of one record in the order of the columns; None if it does not fit."""
        if isinstance(record, dict):
            if (found := self._named_values(record)) is not None:
                return found
            held = values_of(record)
            return None if held is None else self._values(held, text=text)
        if isinstance(record, list):
            if self._width == 1 and self._types[0] is DataType.VECTOR and not text:
                alone = len(record) == 1 and isinstance(record[0], list)
                return record if alone else [record]
            return record if len(record) == self._width else None
        return [record] if self._width == 1 else None

    def _named_values(self, record: dict[str, object]) -> list[object] | None:
        """Take values by the columns' names; None if the record has none of them."""
        if self._plain_names:
            names = self._plain_names
            return list(map(record.get, names)) if any(map(record.__contains__, names)) else None
        found = [getter(record) for getter in self._getters]
        if all(value is _MISSING for value in found):
            return None
        return [None if value is _MISSING else value for value in found]

    def _brackets_fit(self, values: Sequence[object]) -> bool:
        """Whether lists, and texts that look like JSON, stand only where their type says so."""
        for value, kind in zip(values, self._types, strict=True):
            if isinstance(value, (list, dict)) and kind is not DataType.VECTOR:
                return False
            looks = isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}
            if looks and kind not in _MAY_HOLD_BRACKETS:
                return False
        return True

    def _describe(self, count: int, record: object) -> str:
        """Say in counts, never in values, what does not fit."""
        if isinstance(record, dict):
            return f"the {self._name} has {count} record(s) with none of the columns' names"
        width = len(record) if isinstance(record, list) else 1
        columns = f"{self._width} column(s)"
        return f"the {self._name} has {count} record(s) of {width} value(s) for {columns}"

    def _misfits(self, values: Sequence[object], *, text: bool) -> int:
        vectors = [value for n in self._vectors if (value := values[n]) is not None]
        if text:
            return sum(bool(value) and not _looks_like_list(value) for value in vectors)
        count = sum(not _is_vector(value) for value in vectors)
        if not _SINGLE.issuperset(map(type, values)):
            others = (value for n, value in enumerate(values) if n not in self._vectors)
            count += sum(isinstance(value, (list, dict)) for value in others)
        texts = (values[n] for n in self._texts)
        return count + sum(value is not None and not isinstance(value, str) for value in texts)


def _looks_like_list(value: object) -> bool:
    return isinstance(value, str) and value.lstrip()[:1] == "["


def _is_vector(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value)


def _getter(source: str) -> Getter:
    if is_plain_name(source):
        return lambda record: record.get(source, _MISSING)
    search = jmespath.compile(source).search

    def get(record: dict[str, object]) -> object:
        if source in record:
            return record[source]
        try:
            found = search(record)
        except (JMESPathError, ValueError, TypeError, AttributeError, RecursionError):
            found = None
        return _MISSING if found is None else found

    return get
