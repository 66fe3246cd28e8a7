"""One line on the short way of plain numbers, and on the long way that decides what it means."""

from __future__ import annotations

from unittest.mock import patch

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.fast.numbers import no_numbers
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import SOURCE

Types = dict[str, DataType] | None


class _DeclinedError(Exception):
    """The short way has left the line to the long way."""


def long_way(raw: bytes, mapping: ColumnMapping, types: Types = None) -> ParsedLine | Rejection:
    """Parse a line without the short way."""
    parser = LineParser(mapping, Schema(types or {}))
    with patch.object(parser, "_numbers", no_numbers):
        return parser.for_file(SOURCE)(raw)


def short_way(
    raw: bytes, mapping: ColumnMapping, types: Types = None
) -> ParsedLine | Rejection | None:
    """Parse a line without the long way; None if that would be needed."""
    parser = LineParser(mapping, Schema(types or {}))
    with patch.object(parser, "_any_payload", side_effect=_DeclinedError):
        try:
            return parser.for_file(SOURCE)(raw)
        except _DeclinedError:
            return None


def is_same_both_ways(raw: bytes, mapping: ColumnMapping, types: Types = None) -> bool:
    """Require of what the short way accepts that the long way gives just that.

    Returns
    -------
    bool
        Whether it accepted the line.
    """
    short, long = short_way(raw, mapping, types), long_way(raw, mapping, types)
    if short is None:
        return False
    assert isinstance(short, ParsedLine)
    assert isinstance(long, ParsedLine), (short, long)
    assert _typed(short) == _typed(long)
    assert (dict(short.cast_failures), dict(long.cast_failures)) == ({}, {})
    assert short.inference_time == long.inference_time
    return True


def _typed(parsed: ParsedLine) -> list[tuple[object, ...]]:
    return [
        (found.id, found.names, *((type(value), value) for value in found.values))
        for found in parsed.inferences
    ]
