"""Lines with labels: what they label, and the values of their columns."""

from __future__ import annotations

import base64
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.label_mapping import LabelColumn, LabelMapping
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import LabelTyper, RejectedError, is_label, read_label
from tests.support.captures import ground_truth, line, merged, side


def typed(
    raw: bytes, *columns: str, schema: Schema | None = None, id_column: str = "id"
) -> list[list[object]]:
    named = [entry.partition("=") for entry in columns]
    mapping = LabelMapping(
        id_column, tuple(LabelColumn(name, source or None) for name, _, source in named)
    )
    typer = LabelTyper(mapping, schema or Schema())
    return [list(row) for row in typer(read_label(raw, id_column), Counter())]


def table_row(**row: object) -> bytes:
    return json.dumps({"csv": row}).encode()


def reason(raw: bytes, *columns: str, **options: object) -> str:
    with pytest.raises(RejectedError) as raised:
        typed(raw, *columns, **options)  # type: ignore[arg-type]
    return raised.value.reason.value


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ("1", [[1]]),
        ("1\n", [[1]]),
        ("0.5", [[0.5]]),
        ("yes", [["yes"]]),
        ('"New York, NY"', [["New York, NY"]]),
        ("1\n0\r\n1", [[1], [0], [1]]),
        ("1,0", [[1], [0]]),
        ("1, 0", [[1], [0]]),
        ("01234", [["01234"]]),
        ("", []),
        ("\n", []),
        ("NaN", [[None]]),
    ],
)
def test_data_of_one_column_is_a_label_for_each_value(data: str, values: object) -> None:
    assert typed(ground_truth("a", data)) == values


@pytest.mark.parametrize(
    ("encoding", "data", "values"),
    [
        ("JSON", "1", [[1]]),
        ("JSON", '"1"', [["1"]]),
        ("JSON", "[1, 0]", [[1], [0]]),
        ("JSON", '{"label": "x"}', [["x"]]),
        ("JSON", '[{"label": 1}, {"label": 2}]', [[1], [2]]),
        ("BASE64", base64.b64encode(b"1\n0").decode(), [[1], [0]]),
        (None, "1", [[1]]),
        ("CSV", 1, [[1]]),
        ("CSV", None, []),
    ],
)
def test_data_is_read_by_its_encoding(encoding: str | None, data: object, values: object) -> None:
    record = {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": "a"},
    }
    assert typed(json.dumps(record).encode()) == values


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("JSON", "{no"), ("BASE64", "@@"), ("AVRO", "1"), ("CSV", '"a'), ("BASE64", "/w==")],
)
def test_data_that_is_not_what_it_says_is_no_label(encoding: str, data: str) -> None:
    record = {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": "a"},
    }
    assert reason(json.dumps(record).encode()) == "not-a-label"


def test_several_columns_take_a_line_of_as_many_values() -> None:
    assert typed(ground_truth("a", "1,red\n0,blue"), "x", "colour") == [[1, "red"], [0, "blue"]]
    assert reason(ground_truth("a", "1,red,2"), "x", "colour") == "not-a-label"
    assert reason(ground_truth("a", "1"), "x", "colour") == "not-a-label"


def test_without_columns_those_of_the_platform_are_filled_and_one_value_is_the_first() -> None:
    schema = Schema(labels=("churned", "when"))
    assert typed(ground_truth("a", "1"), schema=schema) == [[1, None]]
    assert typed(ground_truth("a", "1,x"), schema=schema) == [[1, "x"]]
    assert typed(table_row(id="a", label="1"), schema=schema) == [[1, None]]
    assert typed(table_row(id="a", when="x", other="y"), schema=schema) == [[None, "x"]]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (DataType.STR, "1", "1"),
        (DataType.FLOAT, "1", 1.0),
        (DataType.BOOL, "1", True),
        (DataType.INT, "1.0", 1),
        (DataType.INT, "one", "one"),
    ],
)
def test_values_get_their_columns_type(kind: DataType, text: str, value: object) -> None:
    schema = Schema(types={"label": kind})
    failures: Counter[str] = Counter()
    typer = LabelTyper(LabelMapping(), schema)
    ((found,),) = typer(read_label(ground_truth("a", text), "id"), failures)
    assert found == value
    assert type(found) is type(value)
    assert failures == ({"label": 1} if text == "one" else {})


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"eventId": "e"}, "e"),
        ({"eventId": "e", "inferenceId": "i"}, "i"),
        ({"eventId": "e_3"}, "e_3"),
        ({"eventId": 58}, "58"),
    ],
)
def test_a_line_names_a_call_or_a_row_of_one(metadata: dict[str, object], name: str) -> None:
    record = {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": metadata}
    assert read_label(json.dumps(record).encode(), "id").id == name


@pytest.mark.parametrize(
    "metadata", [None, {}, {"eventId": ""}, {"eventId": None}, {"eventId": 1.5}, []]
)
def test_a_line_without_an_id_is_no_label(metadata: object) -> None:
    record = {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": metadata}
    assert reason(json.dumps(record).encode()) == "not-a-label"


def test_columns_of_a_table_are_found_by_their_names_in_the_file() -> None:
    raw = table_row(call="0123", outcome="1", note="x")
    assert typed(raw, "churned=outcome", id_column="call") == [[1]]
    assert read_label(raw, "call").id == "0123"
    assert reason(raw, "churned", id_column="call") == "not-a-label"
    assert reason(raw, "churned=outcome") == "not-a-label"
    assert reason(table_row(id="", label="1")) == "not-a-label"


def test_an_object_is_a_row_whose_texts_stay_texts() -> None:
    assert typed(b'{"id": 7, "label": "1"}') == [["1"]]
    assert read_label(b'{"id": 7, "label": "1"}', "id").id == "7"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"csv": ["a", "1", "2"]}', "not-a-label"),
        (b'{"csv": "a\\"b"}', "not-a-label"),
        (b'{"csv_header": ["a", "label"]}', "not-a-label"),
        (b'{"csv_header": ["id", "id"]}', "not-a-label"),
        (b"[]", "not-a-label"),
        (b"1", "not-a-label"),
        (b"{ no", "invalid-json"),
        (b"\xff\xfe", "invalid-json"),
        (b"[" * 5000, "invalid-json"),
        (line(side("1"), side("2")), "not-a-label"),
        (b'{"groundTruthData": 1, "eventMetadata": {"eventId": "a"}}', "not-a-label"),
        (b'{"groundTruthData": {}, "eventMetadata": {"eventId": "a"}}', "not-a-label"),
    ],
)
def test_what_is_no_label_is_rejected_in_plain_words(raw: bytes, expected: str) -> None:
    with pytest.raises(RejectedError) as raised:
        read_label(raw, "id")
    assert raised.value.reason.value == expected
    assert raised.value.detail.endswith(".")


def test_ground_truth_is_told_from_captures_alone_or_merged() -> None:
    captured = line(side("1"), side("2"))
    assert is_label(ground_truth("a", "1"))
    assert is_label(merged(captured, "1"))
    assert is_label(b"\xef\xbb\xbf" + ground_truth("a", "1"))
    assert not is_label(captured)
    assert not is_label(b"{ no")
    assert not is_label(b"1")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_label_or_rejected(raw: bytes) -> None:
    try:
        found = read_label(raw, "id")
    except RejectedError:
        return
    assert found.id or not found.records


def test_a_header_with_the_id_column_holds_no_label() -> None:
    assert typed(b'{"csv_header": ["label", "id"]}') == []


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_any_data_gives_labels_of_one_column_or_a_rejection(data: str, name: str) -> None:
    try:
        rows = typed(ground_truth(name, data))
    except RejectedError as rejected:
        assert rejected.reason.value == "not-a-label"  # noqa: PT017 - either is right
        return
    assert all(len(row) == 1 for row in rows)
