"""The short way of JSON: which documents it takes, and that it never changes what they mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import CSV, JSON, line, side
from tests.support.two_ways import is_same_both_ways

LINES = "application/jsonlines"
FLOATS = dict.fromkeys(("a", "b", "score", "p"), DataType.FLOAT)


def accepts(request: object, response: object, mapping: ColumnMapping) -> bool:
    """Whether the short way takes both payloads, with a schema and without one."""
    raw = line(request, response)
    typed = is_same_both_ways(raw, mapping, FLOATS)
    assert typed == is_same_both_ways(raw, mapping)
    return typed


TWO_TO_ONE = ColumnMapping.of("a,b", "score", event_id="id")
ONE_TO_ONE = ColumnMapping.of("a", "score", event_id="id")
ONE_TO_TWO = ColumnMapping.of("a", "score,p", event_id="id")

REQUESTS = {
    "instances of features": '{"instances": [{"features": [1, 2.5]}, {"features": [3, 4]}]}',
    "instances by name": '{"instances": [{"b": 2.5, "a": 1}, {"a": 3, "b": 4}]}',
    "instances with further names": '{"instances": [{"c": "x", "a": 1, "b": 2}, {"a": 3, "b": 4}]}',
    "instances that are lists": '{"instances": [[1, 2.5], [3, 4]]}',
    "inputs that are lists": '{"inputs": [[1, 2.5], [3, 4]]}',
    "data that are lists": '{"data": [[1, 2.5], [3, 4]]}',
    "dataframe_records": '{"dataframe_records": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}',
    "a matrix": "[[1, 2.5], [3, 4]]",
    "a matrix over many lines": "[\n  [\n    1,\n    2.5\n  ],\n  [3, 4]\n]\n",
    "a list of records": '[{"a": 1, "b": 2}, {"a": 3, "b": 4}]',
    "a dictionary of columns": '{"a": [1, 3], "b": [2, 4]}',
    "nulls": '{"instances": [[null, 2.5], [3, null]]}',
}


@pytest.mark.parametrize("request_text", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize(
    "response",
    [
        side('{"predictions": [{"score": 0.5}, {"score": 1}]}', JSON),
        side('{\n "predictions": [0.5, 1\n ]\n}', JSON),
        side("[0.5, 1]", "application/json; charset=utf-8"),
        side('{"score": 0.5, "label": 1}\n{"score": 1, "label": "x"}\n', LINES),
        side("0.5\n1", JSON),
        side("0.5\n1\n", CSV),
        side(b"0.5\r\n1\r\n", CSV),
        side(b'{"score": [0.5, 1]}', JSON),
        side("[[0.5], [1]]", None),
    ],
    ids=lambda response: response["data"],
)
def test_the_common_shapes_of_two_records_are_taken(request_text: str, response: object) -> None:
    assert accepts(side(request_text, JSON), response, TWO_TO_ONE)
    assert accepts(side(request_text.encode(), JSON), response, TWO_TO_ONE)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ('{"features": [1, 2]}', '{"score": 0.5}\n'),
        ('{"instances": [{"features": [1, 2]}]}', '{"predictions": [{"score": 0.5}]}'),
        ('{"a": 1, "b": 2}', "[0.5]"),
        ('{"b": 1, "a": 2, "c": [{}]}', '{"score": 0.5, "labels": [1, 2]}'),
        ("[1, 2]", "0.5"),
        ("[[1, 2]]", "[[0.5]]"),
        ('{"instances": [1, 2]}', '{"score": [0.5]}'),
        ('{"data": [1, 2]}', '{"scores": [{"score": 0.5}]}'),
    ],
)
def test_the_common_shapes_of_one_record_are_taken(sent: str, answered: str) -> None:
    assert accepts(side(sent, JSON), side(answered, JSON), TWO_TO_ONE)


@pytest.mark.parametrize("sent", ["1,2\n3,4", "1,2\n3,4\n"])
def test_a_request_of_csv_may_have_an_answer_of_json(sent: str) -> None:
    assert accepts(side(sent, CSV), side('{"predictions": [0.5, 1.5]}', JSON), TWO_TO_ONE)


def test_json_lines_are_taken() -> None:
    features = '{"features": [1, 2]}\n{"features": [3, 4]}'
    scores = '{"score": 0.5}\n{"score": 1.5}\n'
    assert accepts(side(features, LINES), side(scores, LINES), TWO_TO_ONE)
    assert accepts(side("[1, 2]\n[3, 4]\n", LINES), side(scores, LINES), TWO_TO_ONE)


def test_a_list_of_numbers_is_as_many_records_of_one_column_or_one_of_many() -> None:
    request = side('{"instances": [1.0, 2.0]}', JSON)
    assert accepts(request, side('{"predictions": [3.5, 4.0]}', JSON), ONE_TO_ONE)
    assert accepts(side("[7]", JSON), side('{"predictions": [0.1, 0.9]}', JSON), ONE_TO_TWO)
    assert accepts(side("[7]", JSON), side('{"probabilities": [0.1, 0.9]}', JSON), ONE_TO_TWO)


def test_a_column_may_have_the_name_of_what_holds_its_numbers() -> None:
    mapping = ColumnMapping.of("a,b", "score=predictions")
    assert accepts(side("[[1, 2]]", JSON), side('{"predictions": [3]}', JSON), mapping)


def test_a_side_that_no_column_is_of_is_not_looked_at() -> None:
    mapping = ColumnMapping.of("a,b")
    assert accepts(side('{"instances": [[1, 2]]}', JSON), None, mapping)
    assert accepts(None, side("[1, 2]", JSON), ColumnMapping.of((), "a,b"))


DOUBTFUL = {
    "text for a number": '{"instances": [["1", 2]]}',
    "a truth for a number": '{"instances": [[true, 2]]}',
    "NaN": '{"instances": [[NaN, 2]]}',
    "too large a number": '{"instances": [[1e999, 2]]}',
    "too large a number by a further name": '[{"a": 1, "b": 2, "c": 1e999}]',
    "too long a number by a further name": f'[{{"a": 1, "b": 2, "c": {"9" * 5000}}}]',
    "another width": '{"instances": [[1, 2, 3]]}',
    "no records": '{"instances": []}',
    "a list in a list": '{"instances": [[[1], 2]]}',
    "a missing name": '{"instances": [{"a": 1}]}',
    "further keys in the document": '{"instances": [[1, 2]], "signature_name": "x"}',
    "a container in a document that is a record": '{"a": 1, "b": 2, "data": [[3, 4]]}',
    "a tensor": '{"inputs": [{"name": "x", "shape": [1, 2], "data": [1, 2], "a": 3, "b": 4}]}',
    "columns of other lengths": '{"a": [1], "b": [2, 3]}',
    "a document over two lines": '{"features": [1,\n2]}',
    "two documents on a line": '{"features": [1, 2]} {"features": [1, 2]}',
    "two documents after a comma": '{"features": [1, 2]},{"features": [1, 2]}',
    "something behind the document": '{"instances": [[1, 2]]} 1',
    "a bracket for a brace": '{"instances": [[1, 2]]]',
    "something behind the list": '{"instances": [[1, 2]], }',
    "a key in escapes": '{"\\u0069nstances": [[1, 2]]}',
    "a mark of byte order": '\ufeff{"instances": [[1, 2]]}',
    "a space that is none to JSON": '{"instances":\u00a0[[1, 2]]}',
    "a line end that is none to JSON": '{"features": [1, 2]}\x85{"features": [3, 4]}',
    "nothing": "",
    "a single brace": "{",
    "a single bracket": '{"instances": [',
}
TAKEN_ANYWAY = {
    "a document over two lines",  # as JSON, not as JSON Lines
    "a container in a document that is a record",  # the names win
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_in_doubt_is_left_to_the_long_way(name: str) -> None:
    request = side(DOUBTFUL[name], JSON)
    assert accepts(request, side("0.5", CSV), TWO_TO_ONE) == (name in TAKEN_ANYWAY)


def test_lines_that_documents_do_not_keep_to_are_left_to_the_long_way() -> None:
    text = '{"features": [1,\n2]}{"features": [3, 4]}\n{"features": [5, 6]}'
    assert not accepts(side(text, LINES), side("1\n2\n3", CSV), TWO_TO_ONE)
    text = '{"features": [1, 2]} {"features": [3, 4]}\n{"features": [5, 6]}'
    assert not accepts(side(text, LINES), side("1\n2\n3", CSV), TWO_TO_ONE)
    text = '{"features": [1,\n2]}\n{"features": [3, 4]}'
    assert not accepts(side(text, LINES), side("1\n2", CSV), TWO_TO_ONE)


@pytest.mark.parametrize("text", ["0.5,1.5", "0.5\n1,2", "0.5\n\n1", "0.5 1", "1],[2", ""])
def test_lines_that_are_no_numbers_are_left_to_the_long_way(text: str) -> None:
    assert not accepts(None, side(text, JSON), ColumnMapping.of((), "score"))


@pytest.mark.parametrize(
    "mapping",
    [
        ColumnMapping.of("a=instances[0].a,b"),
        ColumnMapping.of("a=length(instances),b"),
        ColumnMapping.of("a,b", input_path="instances[:1]"),
        ColumnMapping.of("a=b,b"),
    ],
    ids=["a path into the document", "a function", "a path to the records", "one name twice"],
)
def test_mappings_that_could_find_values_elsewhere_have_no_short_way(
    mapping: ColumnMapping,
) -> None:
    by_name = '{"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}'
    in_order = '{"instances": [[1, 2], [3, 4]]}'
    assert not accepts(side(by_name, JSON), None, mapping)
    assert accepts(side(in_order, JSON), None, mapping) == (mapping.inputs[0].source == "b")


def test_lists_without_items_are_left_to_the_long_way() -> None:
    assert not accepts(None, side('{"score": []}', JSON), ColumnMapping.of((), "score"))
    assert not accepts(side("[]", JSON), side("[]", JSON), TWO_TO_ONE)


@pytest.mark.parametrize(
    ("content_type", "taken"),
    [
        ("application/json; charset=UTF-8", True),
        ("application/vnd.kserve+json", True),
        ("text/html; charset=utf-8", False),
        ("text/plain", False),
        (None, True),
        ("application/json; charset=utf-16-le", False),
        ("image/png", False),
        ("application/x-npy", False),
    ],
)
def test_the_content_type_is_obeyed(content_type: str | None, taken: bool) -> None:
    request = side(b"[[1, 2]]", content_type)
    assert accepts(request, None, ColumnMapping.of("a,b")) == taken


def test_numbers_that_another_column_type_would_have_to_change_are_left_to_the_long_way() -> None:
    raw = line(side("[[1.0, 2]]", JSON), side("0.5", JSON))
    assert not is_same_both_ways(raw, TWO_TO_ONE, {"a": DataType.INT})
    assert is_same_both_ways(raw, TWO_TO_ONE, {"b": DataType.INT})


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ("predictions,x", '{"predictions": [1, 2]}'),
        ("data,b", '{"data": [1, 2], "b": [3, 4]}'),
        ("a=x,x=features", '{"instances": [{"features": [1, 2]}]}'),
    ],
)
def test_columns_that_could_mean_what_holds_the_numbers_are_left_to_the_long_way(
    columns: str, text: str
) -> None:
    mapping = ColumnMapping.of((), columns)
    assert not accepts(None, side(text, JSON), mapping)


def test_columns_of_records_or_one_record_is_for_the_request_to_say() -> None:
    columns = side('{"features": [1, 2]}', JSON)
    assert not accepts(None, columns, ColumnMapping.of((), "features"))
    assert accepts(side("1,2\n3,4"), columns, ColumnMapping.of("a,b", "features"))


@pytest.mark.parametrize("text", ['{"score": [1]}', '{"predictions": [1]}', "[[1]]", "1 "])
def test_a_line_is_no_container_and_no_dictionary_of_columns(text: str) -> None:
    assert not accepts(None, side(text, LINES), ColumnMapping.of((), "score"))


numbers = (
    st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.none()
)


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=8), st.booleans())
def test_all_numbers_are_taken_as_they_are(
    rows: list[tuple[object, object, object]], by_name: bool
) -> None:
    sent = [{"a": a, "b": b} if by_name else {"features": [a, b]} for a, b, _ in rows]
    answered = [{"score": score} for _, _, score in rows]
    request = side(json.dumps({"instances": sent}), JSON)
    response = side("\n".join(map(json.dumps, answered)), LINES)

    assert accepts(request, response, TWO_TO_ONE)
