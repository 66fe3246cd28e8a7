"""What is asked of a column in SQL: its text, its number, and the type that its text has.

The types are those of deequ (Apache-2.0), by the text of a value: Integral is
`sign? space? digits`; Fractional is that with `.digits`, with an exponent, or with both; Boolean
is `true` or `false`; all other text is String, as are `.5`, `5.`, `NaN` and `inf`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.monitor.data.relation import Column, Kind

_WHOLE = r"'[-+]? ?[0-9]+'"
_EITHER = r"'[-+]? ?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?'"
_FRACTION = r"'[-+]? ?[0-9]+([.][0-9]+|([.][0-9]+)?[eE][-+]?[0-9]+)'"


class Expressions(msgspec.Struct, frozen=True):
    """SQL of one column; `number` is null where there is none, and may be infinite."""

    text: str
    number: str
    is_whole: str
    is_fractional: str
    is_boolean: str
    is_present: str
    looks_whole: str


def expressions(column: Column) -> Expressions:
    """Write the SQL of a column."""
    if column.kind is Kind.TEXT:
        return _of_text(column.sql)
    if column.kind is Kind.WORDS:
        return msgspec.structs.replace(_of_text(column.sql), number="NULL::DOUBLE")
    if column.kind is Kind.FINITE:
        return _of_finite(column.sql)
    if column.kind is Kind.BARE:
        return _of_bare(f"{column.sql}::VARCHAR")
    return _of_numbers(column.sql, whole=column.kind is Kind.WHOLE)


def number_of(column: Column) -> str:
    """The name that a column's finite number has in what `with_numbers` gives."""
    return f"n_{column.sql}"


def with_numbers(columns: Sequence[Column], source: str) -> str:
    """Write a source in which columns also have their finite numbers; null is any other.

    The steps are nested, since an expression that is repeated is planned as often.
    """
    raw = ", ".join(f"{one.sql}, {expressions(one).number} AS r_{one.sql}" for one in columns)
    finite = ", ".join(f"{one.sql}, {_finite(one)} AS {number_of(one)}" for one in columns)
    return f"(SELECT {finite} FROM (SELECT {raw} FROM {source}))"


def _finite(column: Column) -> str:
    raw = f"r_{column.sql}"
    if column.kind in {Kind.FINITE, Kind.BARE, Kind.WHOLE, Kind.WORDS}:
        return raw
    return f"CASE WHEN isfinite({raw}) THEN {raw} END"


def _of_text(text: str) -> Expressions:
    # Most texts are no number by their first character, and are not looked at any further.
    begins = f"{text} >= '+' AND {text} < ':'"
    whole = f"({begins} AND regexp_full_match({text}, {_WHOLE}))"
    fraction = f"({begins} AND regexp_full_match({text}, {_FRACTION}))"
    either = f"({begins} AND regexp_full_match({text}, {_EITHER}))"
    return Expressions(
        text=text,
        number=f"CASE WHEN {either} THEN TRY_CAST(replace({text}, ' ', '') AS DOUBLE) END",
        is_whole=whole,
        is_fractional=fraction,
        is_boolean=f"{text} IN ('true', 'false')",
        is_present=text,
        looks_whole="false",
    )


def _of_bare(raw: str) -> Expressions:
    """A bare number has JSON's own form, so that no pattern is needed."""
    fraction = f"(contains({raw}, '.') OR contains({raw}, 'e') OR contains({raw}, 'E'))"
    bare = f"{raw} >= '-' AND {raw} < ':'"
    return Expressions(
        text=raw,
        number=f"TRY_CAST({raw} AS DOUBLE)",
        is_whole=f"{bare} AND NOT {fraction}",
        is_fractional=f"{bare} AND {fraction}",
        is_boolean="false",
        is_present=raw,
        looks_whole="false",
    )


def _of_finite(name: str) -> Expressions:
    return Expressions(
        text=f"{name}::VARCHAR",
        number=name,
        is_whole="false",
        is_fractional=f"{name} IS NOT NULL",
        is_boolean="false",
        is_present=name,
        looks_whole="false",
    )


def _of_numbers(name: str, *, whole: bool) -> Expressions:
    value = name if whole else f"CASE WHEN NOT isnan({name}) THEN {name} END"
    present = f"{value} IS NOT NULL"
    return Expressions(
        text=f"({value})::VARCHAR",
        number=f"{name}::DOUBLE",
        is_whole=present if whole else "false",
        is_fractional="false" if whole else present,
        is_boolean="false",
        is_present=value,
        # Of a number that is stored as such, nobody knows whether it was written as 3 or as 3.0.
        looks_whole="false" if whole else f"isfinite({name}) AND {name} % 1 = 0",
    )
