"""Records → rows of values in the order of the columns, by name or by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.bounds import MOST_RECORDS, MOST_VALUES
from capture_forwarder.parser.formats.csv_text import begins_with_names
from capture_forwarder.parser.formats.json_document import is_single, single, values_of
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.mapping.candidates import Candidate
from capture_forwarder.parser.mapping.columns import Column
from capture_forwarder.parser.mapping.sources import MISSING, Sources

_PLAIN = frozenset({str, int, float, bool, type(None)})
_MAY_HOLD_BRACKETS = frozenset({DataType.STR, DataType.CATEGORY, DataType.VECTOR})
_MOST_OFFERED = 20

Rows = list[list[object]]


class RecordReader:
    """Puts the values of records in the order of the columns.

    Parameters
    ----------
    name
        "request" or "response", for what does not fit.
    columns, types
        The columns in order, and their types; None where values are inferred.
    """

    def __init__(
        self, name: str, columns: Sequence[Column], types: Sequence[DataType | None]
    ) -> None:
        self.sources = Sources(columns)
        self._name = name
        self._columns = [column.name for column in columns]
        self._width = len(columns)
        self._types = types
        self._vectors = [n for n, kind in enumerate(types) if kind is DataType.VECTOR]
        self._others = [n for n, kind in enumerate(types) if kind is not DataType.VECTOR]
        self._scalars = [n for n in self._others if types[n] is not None]
        self._texts = [n for n, kind in enumerate(types) if kind is DataType.STR]
        self._numeric = not any(kind in _MAY_HOLD_BRACKETS for kind in types)
        self._one_vector = self._width == 1 and bool(self._vectors)

    def names_in(self, document: object) -> bool:
        """Whether a document is a record that has a column by name."""
        return isinstance(document, dict) and self.sources.of_record(document) is not None

    def by_name(self, reading: Reading) -> Candidate | None:
        """Take values by the columns' names; None if the first record has none of them."""
        if self._too_many(reading):
            return None
        take = self.sources.of_row if reading.text else self.sources.of_record
        rows: Rows = []
        count = len(reading.records)
        for record in reading.records:
            values = take(record) if isinstance(record, dict) else None
            if values is None:
                unfit = self._describe(count, record)
                return Candidate(count, None, unfit=unfit, path=reading.path) if rows else None
            rows.append(values)
        missing, offered = self._filled(rows, reading.records)
        if not reading.text:
            self._unwrap(rows)
        misfits = sum(self._misfits(row, text=reading.text) for row in rows)
        return Candidate(
            count,
            rows,
            reading.text,
            misfits,
            reading.doubt,
            missing=missing,
            offered=offered,
            path=reading.path,
        )

    def bound(self, reading: Reading) -> Candidate:
        """Take values by position."""
        if self._too_many(reading):
            many = f"the {self._name} has too many records"
            return Candidate(len(reading.records), None, unfit=many, too_many=True)
        rows: Rows = []
        count = len(reading.records)
        for record in reading.records:
            values = self._values(record, text=reading.text)
            if values is None:
                unfit = self._describe(count, record)
                return Candidate(count, None, reading.text, unfit=unfit, path=reading.path)
            rows.append(values)
        if not reading.text:
            self._unwrap(rows)
        if reading.strict and not all(map(self._brackets_fit, rows)):
            unfit = self._describe(count, reading.records[0])
            return Candidate(count, None, reading.text, unfit=unfit, path=reading.path)
        misfits = sum(self._misfits(row, text=reading.text) for row in rows)
        misfits += sum(self._lists(row) for row in rows)
        return Candidate(
            count,
            rows,
            reading.text,
            misfits,
            reading.doubt,
            path=reading.path,
            headed=reading.text and self._numeric and begins_with_names(rows),
        )

    def _too_many(self, reading: Reading) -> bool:
        count = len(reading.records)
        return count > MOST_RECORDS or count * self._width > MOST_VALUES

    def _filled(
        self, rows: Rows, records: Sequence[object]
    ) -> tuple[frozenset[str], tuple[str, ...]]:
        """Make nulls of what is missing; say which columns no record has, and what it has."""
        missing = frozenset[str]()
        offered: tuple[str, ...] = ()
        if any(MISSING in row for row in rows):
            columns = zip(self._columns, zip(*rows, strict=True), strict=True)
            missing = frozenset(
                name for name, values in columns if all(one is MISSING for one in values)
            )
            for row in rows:
                row[:] = [None if value is MISSING else value for value in row]
        if missing and isinstance(records[0], Mapping):
            offered = tuple(str(key) for key in records[0])[:_MOST_OFFERED]
        return missing, offered

    def _values(self, record: object, *, text: bool) -> list[object] | None:
        """The values of one record by their order; None if it does not fit."""
        if isinstance(record, dict):
            held = values_of(record)
            values = None if held is None else self._values(held, text=text)
            return values if values is not None and self._brackets_fit(values) else None
        if isinstance(record, list):
            if self._one_vector and not text:
                alone = len(record) == 1 and isinstance(record[0], list)
                return list(record) if alone else [record]
            fits = len(record) == self._width and not any(isinstance(one, dict) for one in record)
            return list(record) if fits else None
        return [record] if self._width == 1 else None

    def _unwrap(self, rows: Rows) -> None:
        """Take single values out of lists of one, where they are meant as values.

        That is so in columns whose type is one of single values, and elsewhere where all lists
        of the records are lists of one: servers write values of the shape [1] so.
        """
        if all(_PLAIN.issuperset(map(type, row)) for row in rows):
            return
        lists = [(row, n) for row in rows for n in self._others if isinstance(row[n], list)]
        if all(is_single(row[n]) for row, n in lists):
            for row, n in lists:
                row[n] = single(row[n])
            return
        for row in rows:
            for n in self._scalars:
                if isinstance(row[n], list) and is_single(row[n]):
                    row[n] = single(row[n])

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
        columns = f"{self._width} column(s)"
        if isinstance(record, list) and any(isinstance(one, dict) for one in record):
            return f"the {self._name} has {count} list(s) of {len(record)} record(s) for {columns}"
        width = len(record) if isinstance(record, list) else 1
        vector = width > self._width == 1 and isinstance(record, list)
        how = " (a list is one value where the column's type is vector)" if vector else ""
        return f"the {self._name} has {count} record(s) of {width} value(s) for {columns}{how}"

    def _misfits(self, values: Sequence[object], *, text: bool) -> int:
        """How many values are surely not of their column's type."""
        vectors = [value for n in self._vectors if (value := values[n]) is not None]
        if text:
            return sum(bool(value) and not _looks_like_list(value) for value in vectors)
        count = sum(not _is_vector(value) for value in vectors)
        if not _PLAIN.issuperset(map(type, values)):
            count += sum(isinstance(values[n], (list, dict)) for n in self._scalars)
        texts = (values[n] for n in self._texts)
        return count + sum(value is not None and not isinstance(value, str) for value in texts)

    def _lists(self, values: Sequence[object]) -> int:
        """How many values are lists where no type asks for one."""
        if _PLAIN.issuperset(map(type, values)):
            return 0
        return sum(isinstance(values[n], list) for n in self._others if self._types[n] is None)


def _looks_like_list(value: object) -> bool:
    return isinstance(value, str) and value.lstrip()[:1] == "["


def _is_vector(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value)
