"""Lists in settings: written as such, or as one text with commas, and checked entry by entry."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from capture_forwarder.core.redaction import Action, Pattern, RedactionRule, parse_redaction
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


_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*[=:]\s*([!-~](?:[ -~]*[!-~])?)")


def headers_of(written: object) -> dict[str, str]:
    """The headers of a list of `name=value`; what is none is left out."""
    entries = _entries_of_headers(written)
    if isinstance(entries, str):
        entries = next(csv.reader([entries], skipinitialspace=True), [])
    if not isinstance(entries, (list, tuple)):
        return {}
    found = [_HEADER.fullmatch(str(entry).strip()) for entry in entries]
    return {match[1]: match[2] for match in found if match}


def _entries_of_headers(written: object) -> object:
    if not isinstance(written, dict):
        return written
    return tuple(f"{name}={value}" for name, value in written.items())


def _check_headers(entries: tuple[str, ...] | str) -> tuple[str, ...] | str:
    found = headers_of(entries)
    count = len(next(csv.reader([comma_list(entries)], skipinitialspace=True), []))
    if len(found) != count:
        message = "each entry must be a header and its value, as name=value, in ASCII"
        raise ValueError(message)
    return entries


def redaction_of(written: object) -> tuple[RedactionRule, ...]:
    """The rules of a list of `path=action`; see `parse_redaction`.

    Raises
    ------
    ValueError
        An entry is none.
    """
    if isinstance(written, str):
        written = next(csv.reader([written], skipinitialspace=True), []) if written.strip() else ()
    return parse_redaction(written if isinstance(written, (list, tuple)) else ())


def _entries_of_redaction(written: object) -> object:
    """Write `path: action`, or `path: [pattern, pattern]`, as the entries that it stands for."""
    if not isinstance(written, dict):
        return written
    actions = {
        path: "+".join(map(str, action)) if isinstance(action, list) else action
        for path, action in written.items()
    }
    return tuple(f"{path}={action}" for path, action in actions.items())


def _check_redaction(entries: tuple[str, ...] | str) -> tuple[str, ...] | str:
    redaction_of(entries)
    return entries


_ACTIONS = {"enum": [*(one.value for one in Action), *(one.value for one in Pattern)]}
_REDACTION_SCHEMA = {
    "anyOf": [
        {
            "type": "object",
            "additionalProperties": {"anyOf": [_ACTIONS, {"type": "array", "items": _ACTIONS}]},
        },
        {"type": "array", "items": {"type": "string"}},
        {"type": "string"},
    ]
}
Redaction = Annotated[
    Entries,
    AfterValidator(_check_redaction),
    BeforeValidator(_entries_of_redaction),
    WithJsonSchema(_REDACTION_SCHEMA),
]

Headers = Annotated[
    Entries,
    AfterValidator(_check_headers),
    BeforeValidator(_entries_of_headers),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "string"}},
                {"type": "array", "items": {"type": "string"}},
                {"type": "string"},
            ]
        }
    ),
]
