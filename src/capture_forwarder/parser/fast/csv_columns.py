"""A column of CSV → its cells as JSON, many at once, checked as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.formats.numbers import (
    NULL,
    are_numbers,
    as_floats,
    checked,
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


WriteColumn = Callable[[Cells, bool, bool], WrittenColumn]
"""Takes a column's cells, whether some may be very long, and whether they are known to be numbers
and nulls."""

_encode = msgspec.json.Encoder().encode
_ODD = ""


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


def _write_floats(cells: Cells, large: bool, are_checked: bool) -> WrittenColumn:  # noqa: FBT001
    odd: Sequence[int] = ()
    if not are_checked:
        cells, odd = checked(cells, large=large)
    return WrittenColumn(as_floats(cells), odd)


def _write_ints(cells: Cells, large: bool, are_checked: bool) -> WrittenColumn:  # noqa: FBT001
    odd: Sequence[int] = ()
    if not are_checked:
        cells, odd = checked(cells, large=large)
    return WrittenColumn(cells, [*odd, *not_whole(cells)])


def _write_texts(cells: Cells, _large: bool, _are_checked: bool) -> WrittenColumn:  # noqa: FBT001
    if "" in cells:
        return WrittenColumn([f'"{cell}"' if cell else NULL for cell in cells])
    return WrittenColumn(cells, bare=True)


def _write_inferred(cells: Cells, large: bool, are_checked: bool) -> WrittenColumn:  # noqa: FBT001
    if (are_checked or are_numbers(",".join(cells), large=large)) and "-0" not in cells:
        return WrittenColumn(cells)
    return _write_each(cells, large, are_checked)


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

    def write(cells: Cells, _large: bool, _are_checked: bool) -> WrittenColumn:  # noqa: FBT001
        found = {cell: json_of(cell) for cell in set(cells)}
        unfit = {cell for cell, json in found.items() if json == _ODD}
        odd = [n for n, cell in enumerate(cells) if cell in unfit] if unfit else ()
        return WrittenColumn([found[cell] for cell in cells], odd)

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
