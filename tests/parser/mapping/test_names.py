"""Columns whose names are no JMESPath: a name is a key, and only a source can be a path."""

from __future__ import annotations

import csv
import io
import json

import pytest

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.columns import Column, ColumnMapping, parse_columns
from tests.support.both_ways import is_taken
from tests.support.captures import CSV, JSON, line, parse, side

ODD_NAMES = [
    *["glucose (mg/dL)", "income($)", "it's", "what?", "a@b", "{a}", "a.b", "[0]", "a|b", "*"],
    *["&a", "`1`", 'say "hi"', "a\\b", "100%", "größe (m²)"],
]
TYPES = {"age": DataType.FLOAT, "score": DataType.FLOAT}


def mapping_of(name: str, header: str = "absent") -> ColumnMapping:
    return ColumnMapping.of([name, "age"], ["score"], csv_header=header == "present")


def csv_of(*rows: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize(
    "kind", ["positions", "header", "record", "records", "instances", "columns"]
)
def test_a_column_of_any_name_is_read_from_csv_and_json(kind: str, name: str, typed: bool) -> None:
    record = {name: 1.5, "age": 2.5}
    request = {
        "positions": side("1.5,2.5"),
        "header": side(csv_of([name, "age"], [1.5, 2.5])),
        "record": side(json.dumps(record), JSON),
        "records": side(json.dumps([record]), JSON),
        "instances": side(json.dumps({"instances": [record]}), JSON),
        "columns": side(json.dumps({"age": [2.5], name: [1.5]}), JSON),
    }[kind]
    mapping = mapping_of(name, "present" if kind == "header" else "absent")
    types = {**TYPES, name: DataType.FLOAT} if typed else {}
    raw = line(request, side("0.5", CSV))

    parsed = parse(raw, mapping, {column: kind.value for column, kind in types.items()})

    assert isinstance(parsed, ParsedLine), parsed
    assert [one.row for one in parsed.inferences] == [{name: 1.5, "age": 2.5, "score": 0.5}]
    assert parsed.unfound is None
    is_taken(raw, mapping, types)  # which requires that a fast way means the same


def test_a_name_never_leads_into_a_record() -> None:
    request = side(json.dumps({"a": {"b": 1}, "age": 2}), JSON)

    parsed = parse(line(request, side("0.5")), mapping_of("a.b"))

    assert isinstance(parsed, ParsedLine)
    assert parsed.inferences[0].row["a.b"] is None
    assert parsed.unfound is not None
    assert parsed.unfound.columns == {"a.b"}


def test_a_source_is_a_path_also_where_it_equals_its_columns_name() -> None:
    request = side(json.dumps({"a": {"b": 1}, "age": 2}), JSON)

    parsed = parse(line(request, side("0.5")), mapping_of("a.b=a.b"))

    assert isinstance(parsed, ParsedLine)
    assert parsed.inferences[0].row["a.b"] == 1


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_key_of_any_name_can_be_a_source_in_quotes(name: str) -> None:
    quoted = json.dumps(name, ensure_ascii=False)
    request = side(json.dumps({name: 1, "age": 2}), JSON)

    parsed = parse(line(request, side("0.5")), mapping_of(f"x={quoted}"))

    assert isinstance(parsed, ParsedLine)
    assert parsed.inferences[0].row == {"x": 1, "age": 2, "score": 0.5}


def test_an_odd_name_is_no_path_and_an_odd_source_is_refused() -> None:
    assert parse_columns("glucose (mg/dL)") == (Column("glucose (mg/dL)"),)
    with pytest.raises(ValueError, match=r"is not JMESPath.*double quotes"):
        parse_columns("glucose=glucose (mg/dL)")
