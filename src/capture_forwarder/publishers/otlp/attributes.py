"""The attributes of a span that no convention names: what values they can have, and metadata."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from capture_forwarder.core.conversation import CONVERSATION_COLUMNS
from capture_forwarder.core.inference import Row

Value = str | bool | int | float | list[str]
Attributes = dict[str, Value]

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_OWN = frozenset(CONVERSATION_COLUMNS)
_encode = msgspec.json.Encoder().encode


def as_json(value: object) -> str:
    """A value as JSON text, which every backend takes where it would take a structure."""
    return _encode(value).decode()


def attribute_value(value: object) -> Value | None:
    """A value as an attribute can have it; None for nothing.

    Whole numbers of more than 64 bits, objects and mixed lists become text.
    """
    if value is None or isinstance(value, (str, bool, float)):
        return value
    if isinstance(value, int):
        return value if _SMALLEST <= value <= _LARGEST else str(value)
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return value
    return as_json(value)


def metadata_attributes(row: Row) -> Attributes:
    """The metadata columns of a row, each an attribute of its column's name."""
    return known({name: value for name, value in row.items() if name not in _OWN})


def known(values: Mapping[str, object]) -> Attributes:
    """Values as attributes, without those that are nothing."""
    found = {name: attribute_value(value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def items_of(value: object) -> list[dict[str, object]]:
    """The objects in a list; none of anything else, as of a column that was redacted."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def fields_of(value: object) -> Mapping[str, object]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
