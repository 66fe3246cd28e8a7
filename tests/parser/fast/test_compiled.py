"""Rows of plain numbers that compiled code writes: what it takes, what it declines."""

from __future__ import annotations

import pytest

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.parser.fast.compiled import LIBRARY, CompiledRowWriter, compiled_writer
from tests.support.both_ways import taken_together
from tests.support.captures import line, side

pytestmark = pytest.mark.skipif(not LIBRARY.exists(), reason="`make test` compiles what is tested")

SCHEMA = Schema({"f": DataType.FLOAT, "n": DataType.INT})


@pytest.fixture
def write() -> CompiledRowWriter:
    made = compiled_writer(["f", "n"], ["any"], ["id"], SCHEMA)
    assert made is not None
    return made


def test_numbers_keep_their_digits_and_get_their_columns_type(write: CompiledRowWriter) -> None:
    rows = write("0.50,7\n3,-8", "1e-7\n2", [["a", None]], 2)
    assert rows == (b'{"f":0.50,"n":7,"any":1e-7,"id":"a"},\n{"f":3.0,"n":-8,"any":2,"id":null}')


@pytest.mark.parametrize("none", ["", "NaN", "nan"])
def test_a_cell_without_a_number_is_null(write: CompiledRowWriter, none: str) -> None:
    assert write(f"{none},7", "1", [["a"]], 1) == b'{"f":null,"n":7,"any":1,"id":"a"}'
    assert write(f"1,{none}", "1", [["a"]], 1) == b'{"f":1.0,"n":null,"any":1,"id":"a"}'


@pytest.mark.parametrize(
    ("requests", "responses"),
    [
        ("1,7.5", "1"),
        ("1,-0", "1"),
        ("1,07", "1"),
        ("1,7,3", "1"),
        ("1", "1"),
        ("1,7", ""),
        ("1,7\n2,8", "1"),
        ("1,7", "1\n2"),
        ("1e400,7", "1"),
        ("\u0661,7", "1"),
        ("NaN5,7", "1"),
        ("NAN,7", "1"),
        ("1,7\r", "1"),
    ],
)
def test_anything_odd_declines_all(write: CompiledRowWriter, requests: str, responses: str) -> None:
    assert write(requests, responses, [["a"]], 1) is None


def test_a_route_with_a_column_of_another_type_has_no_compiled_writer() -> None:
    assert compiled_writer(["f", "text"], ["n"], [], Schema({"text": DataType.STR})) is None
    assert compiled_writer([], ["n"], [], SCHEMA) is None


def test_payloads_whose_records_do_not_pair_up_are_never_mixed() -> None:
    """In all there are as many records in the requests as in the responses, but not by call."""
    lines = [
        line(side("1,2\n3,4"), side("5"), eventId="a"),
        line(side("6,7"), side("8\n9"), eventId="b"),
        line(side("1,2"), side("3"), eventId="c"),
    ]
    assert taken_together(lines, ColumnMapping.of("f,n", "any"), SCHEMA) == [2]
