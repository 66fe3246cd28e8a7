"""Columns of CSV that are read together mean what they mean cell by cell."""

from __future__ import annotations

import pytest

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import ColumnMapping
from tests.support.both_ways import taken_together
from tests.support.captures import line, side

WORDS = ["red", "green", "?", "(blue)", "\u00e9t\u00e9"]


def taken(rows: list[str], types: dict[str, DataType] | None = None) -> list[int]:
    """Read calls of two columns both ways; return which are read together."""
    mapping = ColumnMapping.of("a,b", "score")
    calls = [line(side(row), side("0.5"), eventId=f"call-{n}") for n, row in enumerate(rows)]
    return taken_together(calls, mapping, Schema(types or {}))


@pytest.mark.parametrize(
    "odd", ["", " ", "7", ".5", "-3", "+4", " 7", "\u00a07", "NaN", "nan", "inf", "Infinity", "1e5"]
)
def test_what_stands_among_words_without_a_type_is_read_as_it_is_alone(odd: str) -> None:
    assert set(range(5)) <= set(taken([*(f"{word},1.5" for word in WORDS), f"{odd},2.5"]))
    assert set(range(5)) <= set(taken([*(f"1.5,{word}" for word in WORDS), f"2.5,{odd}"]))


@pytest.mark.parametrize("odd", ["-0", "-0.0", "NaN", "", "-01", "1e400", "N", "NN", "aN", "naN"])
def test_what_stands_among_numbers_without_a_type_is_read_as_it_is_alone(odd: str) -> None:
    assert {0, 2} <= set(taken(["1,2.50", f"3,{odd}", "5,-6"]))
    assert {0, 2} <= set(taken(["1,2.50", f"{odd},3", "5,-6"]))


@pytest.mark.parametrize("kind", [DataType.FLOAT, DataType.INT])
@pytest.mark.parametrize("odd", ["N", "n", "NN", "nn", "a", "aN", "Nan", "naN", "NaNNaN"])
def test_letters_of_nan_that_are_none_leave_their_neighbours_alone(
    kind: DataType, odd: str
) -> None:
    rows = ["1,2", f"{odd},3", "NaN,4", f"{odd},5", "6,nan"]
    types = {"a": kind, "b": kind, "score": DataType.FLOAT}
    assert set(taken(rows, types)) == {0, 2, 4}


def test_a_number_below_nulls_is_written_as_a_float() -> None:
    types = dict.fromkeys(("a", "b", "score"), DataType.FLOAT)
    assert taken(["1.5,NaN", "2,3.5", "nan,4", ",7"], types) == [0, 1, 2, 3]


def test_an_empty_cell_below_an_odd_number_is_null() -> None:
    types = {"a": DataType.STR, "b": DataType.FLOAT, "score": DataType.FLOAT}
    assert taken(["red,1.5", "red,+3", "blue,"], types) == [0, 2]


@pytest.mark.parametrize("kind", [DataType.STR, DataType.CATEGORY])
def test_a_header_above_texts_is_left_to_the_oracle(kind: DataType) -> None:
    types = {"a": kind, "b": kind, "score": DataType.FLOAT}
    assert taken(["red,small", "a,b", "green,large"], types) == [0, 2]


@pytest.mark.parametrize("truth", ["true", "True", "1"])
def test_true_and_false_are_read_together_however_they_are_spelled(truth: str) -> None:
    types = {"a": DataType.BOOL, "b": DataType.FLOAT, "score": DataType.FLOAT}
    assert taken([f"{truth},1.5", "false,2.5", "true,3.5"], types) == [0, 1, 2]
