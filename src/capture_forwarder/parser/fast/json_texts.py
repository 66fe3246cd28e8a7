"""Texts of JSON payloads → values of their columns' types, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.fast.rows import Values
from capture_forwarder.parser.mapping.casts import cast_to

_Column = Sequence[object]
_Cast = Callable[[_Column], _Column]

_TEXTS = (DataType.STR, DataType.CATEGORY, DataType.TIMESTAMP)


class TextTyper:
    """Types the texts of rows; all other values have their types from the decoder.

    Parameters
    ----------
    names
        The columns.
    schema
        Their types, as far as they are known.
    """

    def __init__(self, names: Sequence[str], schema: Schema) -> None:
        known = [schema.types.get(name) for name in names]
        self._casts = {
            index: _cast(DataType(kind), schema.categories.get(name, ()))
            for index, (name, kind) in enumerate(zip(names, known, strict=True))
            if kind in _TEXTS
        }

    def __call__(self, rows: Sequence[Values]) -> Sequence[Values]:
        """Type the texts of rows, of which a column of texts holds nothing else but nulls.

        Raises
        ------
        ValueError
            A text is none of its column's type.
        """
        if not self._casts:
            return rows
        columns: list[_Column] = list(zip(*rows, strict=True))
        changed = False
        for index, cast in self._casts.items():
            column = columns[index]
            columns[index] = cast(column)
            changed = changed or columns[index] is not column
        return list(zip(*columns, strict=True)) if changed else rows


def _cast(kind: DataType, categories: Sequence[object]) -> _Cast:
    """Choose what casts a column; one that stays as it is comes back itself."""
    cast = cast_to(kind, categories)

    def each(column: _Column) -> _Column:
        return list(map(cast, column))

    def each_once(column: _Column) -> _Column:
        found = {text: cast(text) for text in set(column)}
        return list(map(found.__getitem__, column))

    def unless_empty(column: _Column) -> _Column:
        return each(column) if "" in column else column

    if kind is DataType.TIMESTAMP:
        return each
    return unless_empty if all(isinstance(one, str) for one in categories) else each_once
