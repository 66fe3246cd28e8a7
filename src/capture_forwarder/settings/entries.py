"""Lists in settings: written as such, or as one text with commas, and checked entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser import (
    check_path,
    comma_list,
    parse_columns,
    parse_metadata,
    parse_types,
)


def _checked(parse: Callable[[str], object]) -> AfterValidator:
    def check(entries: tuple[str, ...] | str) -> tuple[str, ...] | str:
        parse(comma_list(entries))
        return entries

    return AfterValidator(check)


def _list_or_text(written: object) -> object:
    entries = [written] if isinstance(written, str) else written
    if not isinstance(entries, (list, tuple)) or not all(isinstance(one, str) for one in entries):
        message = "must be a list of names, or one text with commas"
        raise ValueError(message)
    return written


Entries = Annotated[tuple[str, ...] | str, BeforeValidator(_list_or_text)]
Columns = Annotated[Entries, _checked(parse_columns)]
Metadata = Annotated[Entries, _checked(parse_metadata)]
Path = Annotated[str, AfterValidator(check_path)]
_TYPES_SCHEMA = {
    "anyOf": [
        {"type": "object", "additionalProperties": {"enum": [kind.value for kind in DataType]}},
        {"type": "array", "items": {"type": "string"}},
        {"type": "string"},
    ]
}


def _entries_of_types(written: object) -> object:
    """Write `column: type` as the entries that it stands for, so that a route can be a key."""
    if not isinstance(written, dict):
        return written
    return tuple(f"{name}={kind}" for name, kind in written.items())


Types = Annotated[
    Entries,
    _checked(parse_types),
    BeforeValidator(_entries_of_types),
    WithJsonSchema(_TYPES_SCHEMA),
]
