"""The short way of JSON: documents of plain numbers, split and typed by one call of a decoder.

It takes only what the long way cannot read otherwise: of all other readings of such a document,
none fits but with a list or a dictionary in a column of numbers, or it gives the same rows. The
first key or item tells which shape to try; the decoder then allows nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from types import GenericAlias
from typing import Any

import msgspec

from capture_forwarder.parser.fast.json_shapes import (
    Rows,
    Shape,
    is_nameable,
    lists,
    named,
    values_under,
)
from capture_forwarder.parser.formats.json_document import CONTAINERS, VALUES
from capture_forwarder.parser.mapping.columns import Column, is_plain_name

_How = Callable[[Shape, str], Rows | None]

_SPACE = "[ \t\n\r]*"
# The first key of a dictionary, if it is one; a list behind it; what that list begins with.
_START = re.compile(
    rf'{_SPACE}(?=[\[{{])(?:\{{{_SPACE}"([^"\\]*)"{_SPACE}:{_SPACE})?'
    rf'(?:(\[){_SPACE}(?:(\[)|\{{{_SPACE}"([^"\\]*)")?)?'
)
_documents = Shape(object)


def json_number_reader(
    columns: Sequence[Column], cells: Sequence[Any], *, alone: bool
) -> JsonNumbers | None:
    """Compile the short way of JSON for a request or a response.

    Parameters
    ----------
    columns
        Its columns, in order.
    cells
        What their numbers decode to: int, float, or either.
    alone
        Whether the other payload has no columns.

    Returns
    -------
    JsonNumbers or None
        None where a path could find values anywhere in a document.
    """
    sources = [column.source or column.name for column in columns]
    if not all(map(is_plain_name, sources)):
        return None
    return JsonNumbers(sources, {column.name for column in columns}, cells, alone=alone)


class JsonNumbers:
    """What is compiled for a payload; the decoders of a shape, when a payload first has it."""

    def __init__(
        self, sources: Sequence[str], names: set[str], cells: Sequence[Any], *, alone: bool
    ) -> None:
        keys = {*sources, *names}
        # Null is as plain as a number; in CSV the word would be text.
        cells = [cell | None for cell in cells]
        self._sources, self._cells, self._alone = sources, cells, alone
        self._single = len(sources) == 1
        self._nameable = is_nameable(sources)
        # A column by the name of a container could mean the numbers that are in it.
        self._containers = {*CONTAINERS} - keys
        self._values = {*VALUES} - keys
        self._values_under = cache(lambda key: values_under(key, cells))

    def read(self, text: str, *, lines: bool) -> Rows | None:
        """Read a payload.

        Parameters
        ----------
        text
            A document, or JSON Lines.
        lines
            Whether it is JSON Lines even if it is a single line.

        Returns
        -------
        list or None
            The rows, one at least; None for anything but numbers and nulls in a shape that
            surely has one meaning.
        """
        try:
            return self._rows(text, lines=lines) or None
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
            return None

    def _rows(self, text: str, *, lines: bool) -> Rows | None:
        if not (found := _START.match(text)):
            return None if lines else self._bare_numbers(text)
        key, bracket, inner, first = found.groups()
        if key is None:
            lines = lines or "]\n[" in text
            return self._lists.lines(text) if lines else self._list(text, inner, first)
        if lines or "}\n{" in text:
            return self._records(Shape.lines, text, key)
        if bracket and key in self._containers:
            held = text[found.start(2) :].rstrip(" \t\n\r")
            return self._list(held[:-1], inner, first) if held[-1] == "}" else None
        if bracket and key in self._sources:
            # Alone it would be one record, and its columns lists.
            return None if self._alone else self._transposed(text)
        return self._records(Shape.one, text, key)

    def _list(self, text: str, inner: str | None, first: str | None) -> Rows | None:
        """Read a list by what it begins with: a list, a dictionary's first key, or a number."""
        if first is not None:
            return self._records(Shape.several, text, first)
        if inner:
            return self._lists.several(text)
        # Of a list of numbers each is a record of one column, or all are one of several.
        return self._numbers(text) if self._single else self._lists.one(text)

    def _records(self, how: _How, text: str, key: str) -> Rows | None:
        if key in self._values:
            return how(self._values_under(key), text)
        if not self._nameable:
            return None
        try:
            return how(self._named, text)
        except msgspec.ValidationError:
            rows = how(self._named_among_others, text)
        if rows is None:
            return None
        # The decoder skips what it has no name for, such as numbers that are too large.
        document, *_ = how(_documents, text) or [()]
        return None if "shape" in document else rows

    def _bare_numbers(self, text: str) -> Rows | None:
        if not self._single or "," in text:
            return None
        values = text.removesuffix("\n").replace("\n", ",")
        return self._numbers(f"[{values}]")

    def _numbers(self, text: str) -> Rows:
        return list(zip(self._decode_numbers(text), strict=True))

    def _transposed(self, text: str) -> Rows | None:
        if not self._nameable:
            return None
        columns: tuple[Any, ...] = self._columns.one(text)[0]
        return list(zip(*columns, strict=True)) if len(set(map(len, columns))) == 1 else None

    @cached_property
    def _lists(self) -> Shape:
        return lists(self._cells)

    @cached_property
    def _named(self) -> Shape:
        return named(self._sources, self._cells, exact=True)

    @cached_property
    def _named_among_others(self) -> Shape:
        return named(self._sources, self._cells, exact=False)

    @cached_property
    def _columns(self) -> Shape:
        columns = [GenericAlias(list, cell) for cell in self._cells]
        return named(self._sources, columns, exact=True)

    @cached_property
    def _decode_numbers(self) -> Callable[[str], list[object]]:
        return msgspec.json.Decoder(GenericAlias(list, *self._cells)).decode
