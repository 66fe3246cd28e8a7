"""Values that do not fit their column's type are sent as they stand, and counted."""

from __future__ import annotations

from typing import Any

import pytest

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.both_ways import is_taken
from tests.support.captures import JSON, line, parse, side

MAPPING = ColumnMapping.of("a,b", "score")


def read(request: object, kind: str) -> ParsedLine:
    raw = line(request, side("0.5"))
    found = parse(raw, MAPPING, {"a": kind, "b": "int", "score": "float"})
    assert isinstance(found, ParsedLine), found
    types = {"a": DataType(kind), "b": DataType.INT, "score": DataType.FLOAT}
    assert not (is_taken(raw, MAPPING, types) and found.cast_failures)
    return found


@pytest.mark.parametrize(
    ("kind", "written", "sent"),
    [
        ("float", "1e400", "1e400"),
        ("float", "-1e400", "-1e400"),
        ("int", "1e400", "1e400"),
        ("bool", "1e400", "1e400"),
        ("int", "75.5", 75.5),
        ("timestamp", "1772031512345", "1772031512345"),
        ("timestamp", "20260301", "20260301"),
    ],
)
def test_an_unfit_cell_of_csv_is_sent_as_it_stands(kind: str, written: str, sent: object) -> None:
    found = read(side(f"{written},7"), kind)

    assert dict(found.cast_failures) == {"a": 1}
    assert found.inferences[0].row == {"a": sent, "b": 7, "score": 0.5}


@pytest.mark.parametrize(
    ("kind", "written", "sent"),
    [
        ("float", "1e400", "1e400"),
        ("float", "-1e400", "-1e400"),
        ("int", "1e400", "1e400"),
        ("int", "9007199254740993.0", 9007199254740992.0),
        ("int", "1e23", 1e23),
        ("vector", "[1, 1e400]", [1, "1e400"]),
        ("timestamp", "1772031512345", 1772031512345),
        ("timestamp", '"1772031512345"', "1772031512345"),
    ],
)
@pytest.mark.parametrize("shape", ["[[%s, 7]]", '{"instances": [{"a": %s, "b": 7}]}'])
def test_an_unfit_value_of_json_is_sent_as_it_stands(
    shape: str, kind: str, written: str, sent: object
) -> None:
    raw = line(side(shape % written, JSON), side("0.5"))

    found = parse(raw, MAPPING, {"a": kind, "b": "int", "score": "float"})

    assert isinstance(found, ParsedLine), found
    assert dict(found.cast_failures) == {"a": 1}
    assert found.inferences[0].row == {"a": sent, "b": 7, "score": 0.5}


@pytest.mark.parametrize(
    ("written", "value"), [("9007199254740993.0", 2**53 + 1), ("1e23", 10**23), ("7.0", 7)]
)
def test_a_whole_number_keeps_all_its_digits(written: str, value: int) -> None:
    found = read(side(f"1,{written}"), "int")

    assert not found.cast_failures
    assert found.inferences[0].row["b"] == value


@pytest.mark.parametrize("request_", [side("1e400,7"), side("[[1e400, 7]]", JSON)])
def test_a_number_without_a_type_that_fits_no_float_stays_text(request_: Any) -> None:
    found = parse(line(request_, side("0.5")), MAPPING)

    assert isinstance(found, ParsedLine)
    assert found.inferences[0].row["a"] == "1e400"
    is_taken(line(request_, side("0.5")), MAPPING)
