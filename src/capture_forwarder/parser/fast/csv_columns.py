"""A column of CSV → its cells as JSON, many at once, checked as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

import msgspec

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.formats.numbers import (
    NULL,
    as_floats,
    as_numbers,
    each_as_number,
    is_json_number,
    not_whole,
)
from capture_forwarder.parser.mapping.casts import cast_to, infer

Cells = Sequence[str]


class WrittenColumn(msgspec.Struct, frozen=True, gc=False):
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


class CapturedColumn(msgspec.Struct, frozen=True, gc=False):
    """The cells of a column, as they were captured.

    Parameters
    ----------
    cells
        The cells.
    large
        Whether a number among them may have more digits than `LONGEST_NUMBER`.
    numbers
        The cells with commas between, where they are known to be numbers and nulls.
    """

    cells: Cells
    large: bool
    numbers: str | None = None


WriteColumn = Callable[[CapturedColumn], WrittenColumn]

_encode = msgspec.json.Encoder().encode
_ODD = ""
_FIRST = itemgetter(0)
_OF_NO_WORD = frozenset("0123456789+-.NnIi")


def has_vector(names: Iterable[str], schema: Schema) -> bool:
    """Whether one of the columns is a vector, which has no fast way."""
    return any(schema.types.get(name) == DataType.VECTOR for name in names)


def column_writer(name: str, schema: Schema) -> WriteColumn:
    """Choose what writes a column, by its type."""
    known = schema.types.get(name)
    categories = schema.categories.get(name, ())
    if known is None:
        return _write_inferred
    if known == DataType.CATEGORY and not all(isinstance(value, str) for value in categories):
        return _each_once(cast_to(DataType.CATEGORY, categories))
    return _WRITERS[DataType(known)]


def _write_floats(column: CapturedColumn) -> WrittenColumn:
    cells, joined, odd = _checked(column)
    points = joined.count(".")
    if points == len(cells) or points + joined.count("u") == len(cells):
        return WrittenColumn(cells, odd)
    return WrittenColumn(as_floats(cells), odd)


def _write_ints(column: CapturedColumn) -> WrittenColumn:
    cells, joined, odd = _checked(column)
    return WrittenColumn(cells, [*odd, *not_whole(cells, joined)])


def _checked(column: CapturedColumn) -> tuple[Cells, str, Sequence[int]]:
    """The cells as numbers and nulls, alone and joined, and the indexes of those that are odd."""
    cells = column.cells
    if column.numbers is not None:
        return cells, column.numbers, ()
    joined = ",".join(cells)
    numbers = as_numbers(joined, large=column.large)
    if numbers is None:
        cells, odd = each_as_number(cells, large=column.large)
        return cells, ",".join(cells), odd
    return (cells if numbers is joined else numbers.split(",")), numbers, ()


def _write_texts(column: CapturedColumn) -> WrittenColumn:
    cells = column.cells
    if "" in cells:
        return WrittenColumn([f'"{cell}"' if cell else NULL for cell in cells])
    return WrittenColumn(cells, bare=True)


def _write_inferred(column: CapturedColumn) -> WrittenColumn:
    cells, numbers = column.cells, column.numbers
    if numbers is None:
        if _are_words(cells):
            return WrittenColumn(cells, bare=True)
        joined = ",".join(cells)
        numbers = as_numbers(joined, large=column.large)
        if numbers is not None and numbers is not joined:
            cells = numbers.split(",")
    if numbers is None or ("-0" in numbers and "-0" in cells):
        return _write_each(column)
    return WrittenColumn(cells)


def _are_words(cells: Cells) -> bool:
    """Whether all cells begin as no number does, nor NaN, infinity or what is stripped."""
    if cells[0][:1] in _OF_NO_WORD or "" in cells:
        return False
    firsts = set(map(_FIRST, cells))
    return _OF_NO_WORD.isdisjoint(firsts) and not any(map(str.isspace, firsts))


def _each_once(cast: Callable[[str], object]) -> WriteColumn:
    """Write a column of few different texts, each of them once."""

    def json_of(cell: str) -> str:
        try:
            value = cast(cell)
        except ValueError:
            return _ODD
        if isinstance(value, str):
            return f'"{value}"'
        # A number without a type keeps its digits, where JSON takes them as they were captured.
        as_captured = cast is infer and cell != "-0" and is_json_number(cell)
        return cell if as_captured else _encode(value).decode()

    def write(column: CapturedColumn) -> WrittenColumn:
        cells = column.cells
        found = {cell: json_of(cell) for cell in set(cells)}
        if all(cell == json for cell, json in found.items()):
            return WrittenColumn(cells)
        unfit = {cell for cell, json in found.items() if json == _ODD}
        odd = [n for n, cell in enumerate(cells) if cell in unfit] if unfit else ()
        return WrittenColumn(list(map(found.__getitem__, cells)), odd)

    return write


_write_each = _each_once(infer)
_WRITERS: dict[DataType, WriteColumn] = {
    DataType.FLOAT: _write_floats,
    DataType.INT: _write_ints,
    DataType.BOOL: _each_once(cast_to(DataType.BOOL)),
    DataType.STR: _write_texts,
    DataType.CATEGORY: _write_texts,
    DataType.TIMESTAMP: _each_once(cast_to(DataType.TIMESTAMP)),
}
