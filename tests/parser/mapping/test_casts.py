"""A captured value on a column's type."""

from __future__ import annotations

import math
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.casts import cast_to, infer


class Cast(Enum):
    """Its name stands in the tests' names, which all processes that run them must agree on."""

    FAILS = "fails"


FAILS = Cast.FAILS

CASTS = [
    ("float", "1", 1.0),
    ("float", " 2.5 ", 2.5),
    ("float", "+.5", 0.5),
    ("float", "1e3", 1000.0),
    ("float", 3, 3.0),
    ("float", "", None),
    ("float", "NaN", None),
    ("float", "-Infinity", None),
    ("float", math.inf, None),
    ("float", "1e999", FAILS),
    ("float", "-1e400", FAILS),
    ("float", "9" * 400, FAILS),
    ("float", 10**400, FAILS),
    ("float", "1e-400", 0.0),
    ("float", "1_000", FAILS),
    ("float", "0x10", FAILS),
    ("float", "٣", FAILS),
    ("float", True, FAILS),
    ("float", [1.0], FAILS),
    ("int", "75", 75),
    ("int", "+9007199254740993", 9007199254740993),
    ("int", "75.0", 75),
    ("int", "-0", 0),
    ("int", 75.0, 75),
    ("int", "9007199254740993", 9007199254740993),
    ("int", "75.5", FAILS),
    ("int", 75.5, FAILS),
    ("int", "nan", None),
    ("int", "9007199254740993.0", 9007199254740993),
    ("int", "-9007199254740993.000", -9007199254740993),
    ("int", "900719925474099.3e1", 9007199254740993),
    ("int", "9007199254740993.5", FAILS),
    ("int", "1e23", 10**23),
    ("int", "+2.E3", 2000),
    ("int", "1e400", FAILS),
    ("int", "1e-400", FAILS),
    ("int", "1e999999999", FAILS),
    ("int", "1e-99999999999999999999", FAILS),
    ("int", "-Inf", None),
    ("int", 9007199254740991.0, 9007199254740991),
    ("int", 9007199254740992.0, FAILS),
    ("int", -1e23, FAILS),
    ("int", math.inf, None),
    ("int", True, FAILS),
    ("bool", "True", True),
    ("bool", "0", False),
    ("bool", " FALSE ", False),
    ("bool", 1.0, True),
    ("bool", 0, False),
    ("bool", "", None),
    ("bool", "yes", FAILS),
    ("bool", 2, FAILS),
    ("bool", "1e400", FAILS),
    ("str", "01234", "01234"),
    ("str", " a", " a"),
    ("str", "NaN", "NaN"),
    ("str", "", None),
    ("str", 5, "5"),
    ("str", True, "true"),
    ("str", {"a": [1]}, '{"a":[1]}'),
    ("category", "01", "01"),
    ("category", 3, "3"),
    ("timestamp", "2026-03-01T10:20:30Z", "2026-03-01T10:20:30Z"),
    ("timestamp", "2026-03-01 10:20:30", "2026-03-01T10:20:30+00:00"),
    ("timestamp", "", None),
    ("timestamp", 1772360430, FAILS),
    ("timestamp", "yesterday", FAILS),
    ("timestamp", "1772031512345", FAILS),
    ("timestamp", "1772031512", FAILS),
    ("timestamp", "20260301", FAILS),
    ("timestamp", "20260301T102030Z", FAILS),
    ("timestamp", "2026-03-01T102030Z", FAILS),
    ("timestamp", "2026W091", FAILS),
    ("timestamp", "2026-03-0110:20", FAILS),
    ("timestamp", "2026-03-01x10:20", FAILS),
    ("timestamp", "2026-13-01", FAILS),
    ("timestamp", "2026-03-01", "2026-03-01T00:00:00+00:00"),
    ("timestamp", "2026-03-01T10:20:30.123456+0100", "2026-03-01T10:20:30.123456+0100"),
    ("timestamp", " 2026-03-01 10:20:30+01:00 ", "2026-03-01 10:20:30+01:00"),
    ("vector", [1, 2.5, None], [1, 2.5, None]),
    ("vector", "[1, NaN]", [1, None]),
    ("vector", "", None),
    ("vector", "[1, 1e400]", FAILS),
    ("vector", [1, "1e400"], FAILS),
    ("vector", "[1, 'x']", FAILS),
    ("vector", ["x"], FAILS),
    ("vector", 1, FAILS),
]


@pytest.mark.parametrize(("kind", "value", "expected"), CASTS, ids=repr)
def test_a_value_casts_to_its_type_or_not_at_all(
    kind: str, value: object, expected: object
) -> None:
    cast = cast_to(DataType(kind))
    if expected is FAILS:
        with pytest.raises(ValueError):  # noqa: PT011 - any: the value is then sent as it stands
            cast(value)
    else:
        found = cast(value)
        assert found == expected
        assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1), ("1.0", 1), ("x", "x"), ("other", "other"), (" 2", 2), (2, 2), (None, None)],
)
def test_a_category_takes_the_schemas_own_value(text: object, expected: object) -> None:
    assert cast_to(DataType.CATEGORY, [1, 2, "x"])(text) == expected


INFERRED = [
    ("1", 1),
    ("-0", 0),
    ("1.0", 1.0),
    ("1e5", 100000.0),
    (" 7", 7),
    ("01234", "01234"),
    ("+1", 1),
    (".5", 0.5),
    ("-.5e1", -5.0),
    ("1.", 1.0),
    ("+01", "+01"),
    (".", "."),
    ("1.2.3", "1.2.3"),
    ("-", "-"),
    ("true", "true"),
    ("null", "null"),
    ("", None),
    ("NaN", None),
    ("inf", None),
    ("NAN", "NAN"),
    (" x ", " x "),
    ("1e999", "1e999"),
    (" -1e400", " -1e400"),
]


@pytest.mark.parametrize(("text", "expected"), INFERRED, ids=repr)
def test_without_a_type_a_number_becomes_one_and_text_stays(text: str, expected: object) -> None:
    found = infer(text)
    assert found == expected
    assert type(found) is type(expected)


@given(st.sampled_from(list(DataType)), st.text() | st.floats() | st.integers() | st.none())
def test_a_cast_gives_a_value_or_a_value_error(kind: DataType, value: object) -> None:
    try:
        cast_to(kind)(value)
    except ValueError:
        return


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_numbers_survive_their_text(number: float) -> None:
    assert infer(repr(number)) == number
