"""Records of CSV → rows as JSON, many at once: the captured cells between the columns' names.

    1.50,red          →  {"income":1.50,"colour":"red","id":"a1"},
    7,blue            →  {"income":7.0,"colour":"blue","id":"a2"}

No value is read. All cells are split at once, each column is checked as a whole, and the cells
are put into every other place of one list, between texts that are the same for all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from capture_forwarder.core.json_rows import BETWEEN
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.fast.knobs import LONGEST_NUMBER
from capture_forwarder.parser.formats.numbers import (
    BETWEEN_ROWS,
    NULL,
    are_numbers,
    as_floats,
    checked,
    is_json_number,
    not_whole,
    with_nulls,
)
from capture_forwarder.parser.mapping.casts import cast_to, infer

Cells = Sequence[str]


class Column(msgspec.Struct, frozen=True, gc=False):
    """A column, written.

    Parameters
    ----------
    json
        The JSON of each cell.
    odd
        The indexes of the cells that are odd, whose JSON means nothing.
    bare
        Whether the cells are texts that still lack their quotes.
    """

    json: Sequence[str]
    odd: Sequence[int] = ()
    bare: bool = False


_Write = Callable[[Cells, bool, bool], Column]
"""Takes a column's cells, whether some may be very long, and whether they are known to be numbers
and nulls."""

_encode = msgspec.json.Encoder().encode
_ODD = ""
_NUMBERS = (None, DataType.FLOAT, DataType.INT)


def has_vector(names: Iterable[str], schema: Schema) -> bool:
    """Whether one of the columns is a vector, which has no fast way."""
    return any(schema.types.get(name) == DataType.VECTOR for name in names)


class JsonRowWriter:
    """Writes rows of one route.

    Parameters
    ----------
    names
        The columns that are captured, in order; at least one.
    metadata
        The metadata columns, which follow them.
    schema
        The types that are known, none of them a vector; a column without one is inferred cell
        by cell.
    """

    def __init__(self, names: Sequence[str], metadata: Sequence[str], schema: Schema) -> None:
        types = [schema.types.get(name) for name in names]
        self._writers = [_writer(name, schema) for name in names]
        self._are_numbers = all(known in _NUMBERS for known in types)
        self._are_floats = all(known == DataType.FLOAT for known in types)
        self._fronts = [f"{_encode(name).decode()}:" for name in (*names, *metadata)]

    def __call__(
        self, records: Sequence[str], metadata: Iterable[Column] = ()
    ) -> tuple[bytes, list[int]]:
        """Write rows.

        Parameters
        ----------
        records
            The text of each record: as many cells as there are columns, no quotes, backslashes or
            control characters in them. At least one.
        metadata
            The metadata columns.

        Returns
        -------
        tuple
            The rows with `BETWEEN` between them, and the indexes of the records that are odd:
            they have no row, and are left to the oracle.
        """
        large = max(map(len, records)) > LONGEST_NUMBER
        records, are_checked = self._checked(records, large=large)
        captured, width = len(self._writers), len(self._fronts)
        # Each record is followed by empty cells, to be filled by the metadata columns.
        room = "," * (width - captured)
        cells = f"{f'{room},'.join(records)}{room}".split(",")
        bare = [False] * width
        odd: set[int] = set()
        if not (are_checked and self._are_floats):
            for index, write in enumerate(self._writers):
                column = write(cells[index::width], large, are_checked)
                cells[index::width] = column.json
                bare[index] = column.bare
                odd.update(column.odd)
        for index, column in enumerate(metadata, captured):
            cells[index::width] = column.json
            bare[index] = column.bare
        return self._joined(cells, bare, odd), sorted(odd)

    def _checked(self, records: Sequence[str], *, large: bool) -> tuple[Sequence[str], bool]:
        """Check all cells at once, where all columns are numbers.

        Returns
        -------
        tuple
            The records, with nulls for what is none and floats where all are, and whether all
            cells are known to be numbers or nulls.
        """
        if not self._are_numbers:
            return records, False
        text = BETWEEN_ROWS.join(records)
        nulls = 0
        if not are_numbers(text, large=large):
            text = with_nulls(text)
            if not are_numbers(text, large=large, nulls=True):
                return records, False
            records, nulls = text.split(BETWEEN_ROWS), text.count(NULL)
        width = len(self._writers)
        if not self._are_floats or text.count(".") + nulls == width * len(records):
            return records, True
        if nulls:
            points = [record.count(".") + record.count(NULL) for record in records]
        else:
            points = [record.count(".") for record in records]
        return [
            record if count == width else ",".join(as_floats(record.split(",")))
            for record, count in zip(records, points, strict=True)
        ], True

    def _joined(self, cells: list[str], bare: Sequence[bool], odd: Iterable[int]) -> bytes:
        """Put the cells between the names, without the odd rows."""
        width = len(self._fronts)
        row: list[str] = []
        end = '"}' if bare[-1] else "}"
        closing = f"{end}{BETWEEN}{{"
        for front, is_bare in zip(self._fronts, bare, strict=True):
            row += (f'{closing}{front}"' if is_bare else f"{closing}{front}", "")
            closing = '",' if is_bare else ","
        parts = row * (len(cells) // width)
        parts[1::2] = cells
        for index in sorted(odd, reverse=True):
            del parts[2 * width * index : 2 * width * (index + 1)]
        if not parts:
            return b""
        parts[0] = parts[0][len(end) + len(BETWEEN) :]
        parts.append(end)
        return "".join(parts).encode()


def _writer(name: str, schema: Schema) -> _Write:
    known = schema.types.get(name)
    categories = schema.categories.get(name, ())
    if known is None:
        return _write_inferred
    if known == DataType.CATEGORY and not all(isinstance(value, str) for value in categories):
        return _each_once(cast_to(DataType.CATEGORY, categories))
    return _WRITERS[DataType(known)]


def _write_floats(cells: Cells, large: bool, are_checked: bool) -> Column:  # noqa: FBT001
    odd: Sequence[int] = ()
    if not are_checked:
        cells, odd = checked(cells, large=large)
    return Column(as_floats(cells), odd)


def _write_ints(cells: Cells, large: bool, are_checked: bool) -> Column:  # noqa: FBT001
    odd: Sequence[int] = ()
    if not are_checked:
        cells, odd = checked(cells, large=large)
    return Column(cells, [*odd, *not_whole(cells)])


def _write_texts(cells: Cells, _large: bool, _are_checked: bool) -> Column:  # noqa: FBT001
    if "" in cells:
        return Column([f'"{cell}"' if cell else NULL for cell in cells])
    return Column(cells, bare=True)


def _write_inferred(cells: Cells, large: bool, are_checked: bool) -> Column:  # noqa: FBT001
    if (are_checked or are_numbers(",".join(cells), large=large)) and "-0" not in cells:
        return Column(cells)
    return _write_each(cells, large, are_checked)


def _each_once(cast: Callable[[str], object]) -> _Write:
    """Write a column of few different texts, each of them once."""

    def json_of(cell: str) -> str:
        try:
            value = cast(cell)
        except ValueError:
            return _ODD
        # A number without a type keeps its digits, where JSON takes them as they were captured.
        as_captured = cast is infer and cell != "-0" and is_json_number(cell)
        return cell if as_captured else _encode(value).decode()

    def write(cells: Cells, _large: bool, _are_checked: bool) -> Column:  # noqa: FBT001
        found = {cell: json_of(cell) for cell in set(cells)}
        unfit = {cell for cell, json in found.items() if json == _ODD}
        odd = [n for n, cell in enumerate(cells) if cell in unfit] if unfit else ()
        return Column([found[cell] for cell in cells], odd)

    return write


_write_each = _each_once(infer)
_WRITERS: dict[DataType, _Write] = {
    DataType.FLOAT: _write_floats,
    DataType.INT: _write_ints,
    DataType.BOOL: _each_once(cast_to(DataType.BOOL)),
    DataType.STR: _write_texts,
    DataType.CATEGORY: _write_texts,
    DataType.TIMESTAMP: _each_once(cast_to(DataType.TIMESTAMP)),
}
