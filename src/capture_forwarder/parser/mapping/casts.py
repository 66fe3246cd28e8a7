"""One captured value → a value of the column's type.

A cast raises ValueError for what it cannot do; the caller then sends the value as it stands and
counts it, because the platform must be able to see bad data.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC
from decimal import Decimal, DecimalException

import msgspec

from capture_forwarder.core.iso_time import parse_iso_time
from capture_forwarder.core.schema import DataType

Cast = Callable[[object], object]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# As JSON writes numbers, and as programs do: `.5`, `2.`, `+3`; but no leading zeros.
_WRITTEN_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NULLS = frozenset({"", "nan", "inf", "infinity", "-inf", "-infinity", "+inf", "+infinity"})
# Without a schema only the spellings that programs write, so that a name such as NAN stays.
_NOT_FINITE_WRITTEN = frozenset({"NaN", "nan", "inf", "-inf", "Infinity", "-Infinity"})
_TRUTHS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
_MAX_INT_DIGITS = 4300
# From here on a float does not tell which whole number was written.
_FIRST_INEXACT = 2.0**53


def infer(text: str) -> object:
    """Without a type: a number becomes one, NaN and nothing become None, text stays.

    `01234` is no number, so a postcode keeps its zero; and `1e400` fits none, so it stays, too.
    """
    stripped = text.strip()
    if (found := _WRITTEN_NUMBER.fullmatch(stripped)) and len(stripped) < _MAX_INT_DIGITS:
        if found[1] is None and found[2] is None and found[3] is None:
            return int(stripped)
        number = float(stripped)
        return number if math.isfinite(number) else text
    if not text or stripped in _NOT_FINITE_WRITTEN:
        return None
    return text


def cast_to(data_type: DataType, categories: Sequence[object] = ()) -> Cast:
    """Return the cast for a column of the platform's schema.

    Parameters
    ----------
    data_type
        The column's type.
    categories
        The values that a category column lists, in their own types; may be empty.
    """
    if data_type is DataType.CATEGORY and categories:
        return _to_category(categories)
    return _CASTS[data_type]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(text: str) -> float:
    """A number as it is written; ValueError if it is none, or is too large for a float."""
    if not _NUMBER.fullmatch(text) or not math.isfinite(number := float(text)):
        raise ValueError
    return number


def _whole(text: str) -> int:
    """A whole number that is written as a float, to the last digit."""
    _number(text)
    try:
        number = Decimal(text)
    except DecimalException as error:
        raise ValueError from error
    if number != number.to_integral_value():
        raise ValueError
    return int(number)


def _to_float(value: object) -> float | None:
    kind = type(value)
    if kind is float:
        return _finite(value)  # type: ignore[arg-type]
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _NULLS:
            return None
        return _number(text)
    if kind is int:
        try:
            return float(value)  # type: ignore[arg-type]
        except OverflowError as error:
            raise ValueError from error
    if value is None:
        return None
    raise ValueError


def _to_int(value: object) -> int | None:
    if type(value) is int:
        return value
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text) and len(text) < _MAX_INT_DIGITS:
            return int(text)
        return None if text.lower() in _NULLS else _whole(text)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if value.is_integer() and abs(value) < _FIRST_INEXACT:
            return int(value)
    elif value is None:
        return None
    raise ValueError


def _to_bool(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _TRUTHS:
            return _TRUTHS[text]
        if text not in _NULLS:
            raise ValueError
        return None
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, (int, float)) and value in {0, 1}:
        return bool(value)
    raise ValueError


def _to_str(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return msgspec.json.encode(value).decode()


def _to_category(categories: Sequence[object]) -> Cast:
    by_text = {str(category): category for category in categories}
    numbers = {
        float(category): category
        for category in categories
        if isinstance(category, (int, float)) and not isinstance(category, bool)
    }

    def cast(value: object) -> object:
        text = _to_str(value)
        if text is None:
            return None
        if text in by_text:
            return by_text[text]
        if numbers and _NUMBER.fullmatch(text.strip()):
            return numbers.get(float(text), text)
        return text

    return cast


def _to_timestamp(value: object) -> str | None:
    """ISO 8601 with an offset; a time without one is taken as UTC, as SageMaker's own are."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        text = value.strip()
        time = parse_iso_time(text)
        return text if time.tzinfo else time.replace(tzinfo=UTC).isoformat()
    # A bare number could be seconds or milliseconds: it is not for us to say which.
    raise ValueError


def _to_vector(value: object) -> list[object] | None:
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        try:
            value = json.loads(text, parse_constant=lambda _: None, parse_float=_number)
        except RecursionError as error:
            raise ValueError from error
    if isinstance(value, list) and all(_is_number(item) for item in value):
        return [_finite(item) if isinstance(item, float) else item for item in value]
    if value is None:
        return None
    raise ValueError


def _is_number(item: object) -> bool:
    return item is None or (isinstance(item, (int, float)) and not isinstance(item, bool))


_CASTS: dict[DataType, Cast] = {
    DataType.FLOAT: _to_float,
    DataType.INT: _to_int,
    DataType.BOOL: _to_bool,
    DataType.STR: _to_str,
    DataType.CATEGORY: _to_str,
    DataType.TIMESTAMP: _to_timestamp,
    DataType.VECTOR: _to_vector,
}
