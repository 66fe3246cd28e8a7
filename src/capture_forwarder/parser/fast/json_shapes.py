"""Records of plain numbers in one shape of JSON, each payload decoded in one call.

What is accepted has the values that decoding without types has: of a key that stands twice the
last counts, and a number that fits its type is the same number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import GenericAlias
from typing import Any

import msgspec

Rows = list[tuple[object, ...]]

_as_tuple: Callable[[msgspec.Struct], tuple[object, ...]] = msgspec.structs.astuple


class Shape:
    """How a record of some shape is decoded: alone, in a list, or one a line.

    Parameters
    ----------
    record
        The Python type of a record.
    rows
        Makes rows of decoded records.
    """

    def __init__(self, record: object, rows: Callable[[Sequence[Any]], Rows] = list) -> None:
        single = msgspec.json.Decoder(record)
        self._one, self._lines = single.decode, single.decode_lines
        self._several = msgspec.json.Decoder(GenericAlias(list, record)).decode
        self._rows = rows

    def one(self, text: str) -> Rows:
        """Read a document that is a record."""
        return self._rows([self._one(text)])

    def several(self, text: str) -> Rows:
        """Read a document that is a list of records."""
        return self._rows(self._several(text))

    def lines(self, text: str) -> Rows | None:
        """Read JSON Lines; None if any document does not begin and end with its line."""
        records = self._lines(text)
        breaks = text.count("\n") - text.endswith("\n")
        # Two brackets with only a line end between them can be nowhere inside of a document.
        between = text.count("}\n{") + text.count("]\n[")
        return self._rows(records) if breaks == between == len(records) - 1 else None


def lists(cells: Sequence[object]) -> Shape:
    """Make the shape `[1, 2]`, by the types of its values."""
    return Shape(_row(cells))


def values_under(key: str, cells: Sequence[object]) -> Shape:
    """Make the shape `{"features": [1, 2]}`, by its key, without further keys."""
    record = _struct({key: _row(cells)}, exact=True)
    return Shape(record, lambda records: [record.f0 for record in records])


def named(names: Sequence[str], cells: Sequence[object], *, exact: bool) -> Shape:
    """Make the shape `{"a": 1, "b": 2}`, by its keys; further ones only if it is not `exact`."""
    record = _struct(dict(zip(names, cells, strict=True)), exact=exact)
    return Shape(record, lambda records: list(map(_as_tuple, records)))


def is_nameable(names: Sequence[str]) -> bool:
    """Whether each of the names can be a key of the shape `named`."""
    plain = all(json.dumps(name, ensure_ascii=False) == f'"{name}"' for name in names)
    return plain and len(set(names)) == len(names)


def _row(cells: Sequence[object]) -> GenericAlias:
    return GenericAlias(tuple, tuple(cells))


def _struct(fields: Mapping[str, object], *, exact: bool) -> type[msgspec.Struct]:
    rename = {f"f{n}": key for n, key in enumerate(fields)}
    return msgspec.defstruct(
        "Record",
        list(zip(rename, fields.values(), strict=True)),
        rename=rename,
        forbid_unknown_fields=exact,
        gc=False,
    )
