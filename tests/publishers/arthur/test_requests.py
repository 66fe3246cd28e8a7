"""Lines for Arthur: their own bytes where they say the same, else written anew, ids untouched."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.line import Line
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import compile_mapping
from capture_forwarder.parser.mapping.casts import infer
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.arthur.requests import LineWriter, SentLine
from tests.support.captures import CSV, EVENT_ID, JSON, SOURCE, TIME, line, side
from tests.support.platforms.arthur_capture import read_event

WHOLE = ColumnMapping()
ONE = side("0.5")


def document(value: object, content_type: str = JSON) -> dict[str, Any]:
    return side(json.dumps(value), content_type)  # type: ignore[return-value]


def instances(*items: object) -> dict[str, Any]:
    return document({"instances": items})


def parsed(raw: bytes, mapping: ColumnMapping = WHOLE) -> Sequence[Inference]:
    result = compile_mapping(mapping, Schema()).for_file(SOURCE)(raw)
    assert isinstance(result, ParsedLine), result
    return result.inferences


def batch_of(raw: bytes, mapping: ColumnMapping = WHOLE) -> Batch:
    return Batch.of(parsed(raw, mapping), Line(1, 0, raw, len(raw)))


def written(raw: bytes, mapping: ColumnMapping = WHOLE) -> bytes:
    (sent,) = LineWriter(mapping).lines(batch_of(raw, mapping))
    return sent.data


def as_read(lines: Sequence[SentLine]) -> list[tuple[str, object, object]]:
    """Partner id, inputs and outputs of what Arthur reads."""
    found: list[tuple[str, object, object]] = []
    for sent in lines:
        event = read_event(sent.data)
        assert not event.error, event.error
        assert len(event.partner_ids) == len(sent.positions)
        assert sent.positions.start == len(found)
        both = (map(typed, event.inputs), map(typed, event.outputs))
        found += zip(event.partner_ids, *both, strict=True)
    return found


def typed(record: Any) -> object:
    """Type the text of CSV as we do without a schema; Arthur does so by its model's attributes."""
    if isinstance(record, dict):
        return record
    return [infer(cell) if isinstance(cell, str) else cell for cell in record]


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        pytest.param(side("1,2.50"), ONE, id="CSV"),
        pytest.param(side("1,2\n3,4\n"), side("0.1\n0.2\n"), id="several lines"),
        pytest.param(side('"a,b",,x'), ONE, id="quotes and empty cells"),
        pytest.param(side("ü\u2028,\x85"), ONE, id="separators that are none"),
        pytest.param(
            document({"instances": [{"features": [1, None, "a"]}]}),
            document({"predictions": [{"probabilities": [0.1, 0.9]}]}),
            id="features",
        ),
        pytest.param(instances({"a": 1}, {"a": 2}), side("1\n2"), id="names"),
        pytest.param(
            instances({"a": 1}), document({"predictions": [{"projection": [1, 2]}]}), id="vector"
        ),
    ],
)
def test_what_arthur_takes_goes_byte_for_byte(request_: object, response: object) -> None:
    raw = line(request_, response, customAttributes=["a=1"], inferenceId="mine")

    assert written(raw) == raw
    assert written(b" " + raw + b"\r") == b" " + raw + b"\r"


def reading(raw: bytes, mapping: ColumnMapping = WHOLE) -> list[tuple[object, object]]:
    assert written(raw, mapping) != raw
    read = as_read(LineWriter(mapping).lines(batch_of(raw, mapping)))
    return [(inputs, outputs) for _, inputs, outputs in read]


NOT_TAKEN = [
    pytest.param(side("1,a", CSV, "BASE64"), ONE, [([1, "a"], [0.5])], id="base64"),
    pytest.param(side("1", "text/csv; charset=utf-8"), ONE, [([1], [0.5])], id="parameters"),
    pytest.param(side("1", "Text/CSV"), ONE, [([1], [0.5])], id="capitals"),
    pytest.param(side("1", CSV, "JSON"), ONE, [([1], [0.5])], id="wrong encoding"),
    pytest.param(side("1", None, "CSV"), ONE, [([1], [0.5])], id="no content type"),
    pytest.param(side("1,2\r\n3,4"), side("5\n6"), [([1, 2], [5]), ([3, 4], [6])], id="CRLF"),
    pytest.param(side("1\n\n2"), side("5\n6"), [([1], [5]), ([2], [6])], id="blank line"),
    pytest.param(side("1\n\n"), ONE, [([1], [0.5])], id="two newlines"),
    pytest.param(side("\ufeff1"), ONE, [([1], [0.5])], id="byte order mark"),
    pytest.param(side('1,"a\nb"'), ONE, [([1, "a\nb"], [0.5])], id="newline in quotes"),
    pytest.param(side("1\n2"), side("3,4"), [([1], [3]), ([2], [4])], id="scores on one line"),
    pytest.param(side("1"), side("[0.1, 0.9]"), [([1], [0.1, 0.9])], id="brackets"),
    pytest.param(
        side("1\n2"),
        side("[0.1, 0.9],[0.8, 0.2]"),
        [([1], [0.1, 0.9]), ([2], [0.8, 0.2])],
        id="brackets on one line",
    ),
    pytest.param(document([[1, 2]]), ONE, [([1, 2], [0.5])], id="bare list"),
    pytest.param(instances([1, 2]), ONE, [([1, 2], [0.5])], id="lists without a name"),
    pytest.param(
        instances(1, 2), document({"predictions": [3, 4]}), [([1], [3]), ([2], [4])], id="values"
    ),
    pytest.param(document({"a": 1}), ONE, [({"a": 1}, [0.5])], id="one dictionary"),
    pytest.param(
        document({"instances": [{"a": 1}], "signature_name": "x"}), ONE, [({"a": 1}, [0.5])]
    ),
    pytest.param(side('{"a": NaN}', JSON), ONE, [({"a": None}, [0.5])], id="NaN"),
    pytest.param(
        side('{"features": [1]}\n{"features": [2]}', "application/jsonlines"),
        side('{"score": 3}\n{"score": 4}', "application/jsonlines"),
        [([1], {"score": 3}), ([2], {"score": 4})],
        id="JSON Lines",
    ),
    pytest.param(document({"data": {"features": {"values": [1]}}}), ONE, [([1], [0.5])]),
    pytest.param(
        instances({"features": 1, "b": 2}), ONE, [([1, 2], [0.5])], id="a name that is reserved"
    ),
    pytest.param(
        document({"predictions": [{"features": [1]}]}), ONE, [([1], [0.5])], id="other side's word"
    ),
]


@pytest.mark.parametrize(("request_", "response", "expected"), NOT_TAKEN)
def test_what_arthur_does_not_take_is_written_anew(
    request_: object, response: object, expected: object
) -> None:
    assert reading(line(request_, response)) == expected


def test_a_new_line_keeps_the_metadata_and_the_version() -> None:
    raw = line(document([[1]]), ONE, inferenceId="mine", customAttributes=["a=1"], huge=10**400)

    record = json.loads(written(raw))

    assert record["eventVersion"] == "0"
    assert record["eventMetadata"] == json.loads(raw)["eventMetadata"]
    assert record["captureData"]["endpointInput"] == {
        "observedContentType": "application/json",
        "mode": "INPUT",
        "data": '{"instances":[{"features":[1]}]}',
        "encoding": "JSON",
    }
    assert record["captureData"]["endpointOutput"]["mode"] == "OUTPUT"


CELLS = '007,1.50,"a,b",,ü'


@pytest.mark.parametrize("mapping", [WHOLE, ColumnMapping.of("a,b,c,d,e", "score")])
@pytest.mark.parametrize(
    "captured",
    [
        pytest.param(side(CELLS, CSV, "BASE64"), id="base64"),
        pytest.param(side(f"{CELLS}\r\n", CSV), id="CRLF"),
        pytest.param(side(f"\ufeff{CELLS}\n", CSV, "BASE64"), id="byte order mark"),
        pytest.param(side(CELLS, "text/csv; header=absent"), id="parameters"),
    ],
)
def test_csv_that_is_written_anew_keeps_its_text_for_arthur_to_type(
    captured: object, mapping: ColumnMapping
) -> None:
    payloads = json.loads(written(line(captured, ONE), mapping))["captureData"]

    assert payloads["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": CELLS,
        "encoding": "CSV",
    }
    assert payloads["endpointOutput"]["data"] == "0.5"


def test_csv_of_several_rows_keeps_its_text_when_some_of_them_are_sent_again() -> None:
    raw = line(side("007\n008\n009", CSV, "BASE64"), side("1\n2\n3"))

    again = LineWriter(WHOLE).lines(batch_of(raw).select([0, 2]))

    sent = [json.loads(one.data)["captureData"] for one in again]
    assert [one["endpointInput"]["data"] for one in sent] == ["007", "009"]
    assert [one["endpointOutput"]["data"] for one in sent] == ["1", "3"]


def test_csv_whose_columns_are_chosen_by_name_is_written_as_names_and_values() -> None:
    mapping = ColumnMapping.of("a,b", "score", csv_header=True)
    raw = line(side("b,a\n2,007", CSV, "BASE64"), ONE)

    payloads = json.loads(written(raw, mapping))["captureData"]

    assert json.loads(payloads["endpointInput"]["data"]) == {"instances": [{"a": "007", "b": 2}]}


@pytest.mark.parametrize("inference_id", [None, ""])
def test_an_inference_id_that_is_none_is_left_out(inference_id: str | None) -> None:
    raw = line(side("1"), ONE, inferenceId=inference_id)
    assert json.loads(written(raw))["eventMetadata"] == {
        "eventId": EVENT_ID,
        "inferenceTime": TIME,
    }


@pytest.mark.parametrize("event_id", [None, ""])
def test_a_call_without_an_event_id_is_called_by_its_inference_id(event_id: str | None) -> None:
    raw = line(side("1"), ONE, inferenceId="mine", eventId=event_id)
    assert json.loads(written(raw))["eventMetadata"]["eventId"] == "mine"


def test_a_byte_order_mark_before_a_line_is_not_sent() -> None:
    raw = line(side("1"), ONE)
    assert reading(b"\xef\xbb\xbf" + raw) == [([1], [0.5])]


# --- columns -------------------------------------------------------------------------------

COLUMNS = ColumnMapping.of("a,b", "score", "key=key")
RENAMED = ColumnMapping.of("a,b", "score=s")


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (side("1,2\n3,4"), side("5\n6")),
        (instances({"a": 1, "b": 2, "c": 3}), ONE),
        (instances({"features": [1, 2]}), document({"predictions": [{"score": 3}]})),
    ],
)
def test_columns_change_nothing_of_what_arthur_takes(request_: object, response: object) -> None:
    raw = line(request_, response)
    assert written(raw, COLUMNS) == raw


@pytest.mark.parametrize(
    ("request_", "response", "mapping"),
    [
        pytest.param(document([1, 2]), document([3]), COLUMNS, id="bare list"),
        pytest.param(
            document({"a": 1, "b": 2}), document({"score": 3, "more": 4}), COLUMNS, id="more keys"
        ),
        pytest.param(
            instances({"a": 1, "b": 2}),
            document({"predictions": [{"s": 3}]}),
            RENAMED,
            id="another name",
        ),
        pytest.param(
            side("b,a\n2,1"),
            document([3]),
            ColumnMapping.of("a,b", "score", csv_header=True),
            id="header",
        ),
        pytest.param(
            document({"instances": [{"features": [1, 2]}], "skip": [[0, 0]]}),
            document({"predictions": [{"score": 0}], "own": [3]}),
            ColumnMapping.of("a,b", "score", output_path="own"),
            id="path",
        ),
    ],
)
def test_columns_name_the_values_of_a_new_line(
    request_: object, response: object, mapping: ColumnMapping
) -> None:
    assert reading(line(request_, response), mapping) == [({"a": 1, "b": 2}, {"score": 3})]


def test_columns_called_by_a_reserved_word_go_by_their_order() -> None:
    mapping = ColumnMapping.of("a,features", "predictions")
    raw = line(document([1, 2]), document([3]))
    assert reading(raw, mapping) == [([1, 2], [3])]


# --- some of a line's inferences -----------------------------------------------------------


@pytest.mark.parametrize("mapping", [WHOLE, ColumnMapping.of("a", "score")])
@pytest.mark.parametrize("metadata", [{}, {"inferenceId": "mine"}])
def test_inferences_sent_again_keep_the_ids_of_the_whole_line(
    mapping: ColumnMapping, metadata: dict[str, object]
) -> None:
    raw = line(side("1\n2\n3"), side("4\n5\n6"), **metadata)
    whole = batch_of(raw, mapping)
    writer = LineWriter(mapping)

    at_first = [name for name, _, _ in as_read(writer.lines(whole))]
    again = writer.lines(whole.select([0, 2]))

    assert [name for name, _, _ in as_read(again)] == [at_first[0], at_first[2]]
    assert [sent.event_id for sent in again] == [at_first[0], at_first[2]]
    assert json.loads(again[0].data)["eventMetadata"]["inferenceTime"] == TIME


def test_a_call_of_one_inference_sent_again_is_the_same_line() -> None:
    raw = line(side("1"), ONE)
    (sent,) = LineWriter(WHOLE).lines(batch_of(raw).select([0]))
    assert sent.data == raw


def test_inferences_of_one_line_that_are_not_alike_spoil_none_of_each_other() -> None:
    raw = line(side("1,2\n3"), side("4\n5"))
    read = as_read(LineWriter(WHOLE).lines(batch_of(raw)))
    assert read == [(f"{EVENT_ID}_0", [1, 2], [4]), (f"{EVENT_ID}_1", [3], [5])]


def test_inferences_without_a_captured_line_are_calls_of_their_own() -> None:
    rows = [Inference(f"x_{n}", ("input", "output"), ([n], [math.nan])) for n in range(2)]
    read = as_read(LineWriter(WHOLE).lines(Batch.of(rows)))
    assert read == [("x_0", [0], [None]), ("x_1", [1], [None])]


# --- whatever is in it ---------------------------------------------------------------------

cells = (
    st.integers().map(str)
    | st.floats().map(repr)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)
)
tables = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda size: st.lists(
        st.lists(cells, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]
    )
)


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


@given(tables, st.booleans())
def test_any_table_arrives_whatever_it_is_captured_as(
    rows: list[list[str]], with_inference_id: bool
) -> None:
    response = "\n".join(map(str, range(len(rows))))
    metadata = {"inferenceId": "mine"} if with_inference_id else {}
    encoded = base64.b64encode(as_csv(rows).encode()).decode()
    captured = {"observedContentType": CSV, "data": encoded, "encoding": "BASE64"}
    raw = line(captured, side(response), **metadata)
    name = "mine" if with_inference_id else EVENT_ID

    read = as_read(LineWriter(WHOLE).lines(batch_of(raw)))

    assert [inputs for _, inputs, _ in read] == [typed(row) for row in rows]
    assert [outputs for _, _, outputs in read] == [[n] for n in range(len(rows))]
    several = [f"{name}_{n}" for n in range(len(rows))]
    assert [partner for partner, _, _ in read] == ([name] if len(rows) == 1 else several)


@given(tables)
def test_a_table_that_goes_as_it_is_means_the_same_to_arthur(rows: list[list[str]]) -> None:
    raw = line(side(as_csv(rows)), side("\n".join("0" for _ in rows)))

    read = as_read(LineWriter(WHOLE).lines(batch_of(raw)))

    assert [inputs for _, inputs, _ in read] == [typed(row) for row in rows]
    newlines = any("\n" in cell for row in rows for cell in row)
    assert (written(raw) == raw) is not newlines


payloads = st.text(alphabet='01.,"[]{}a \n\r:', max_size=30) | st.sampled_from(
    ['{"instances":[{"features":[1,2]}]}', '{"instances":[{"a":1}]}', "[[1],[2]]", "[1,2]"]
)
sides = st.builds(
    side, payloads, st.sampled_from([CSV, JSON, None, "application/jsonlines", "text/csv;a=b"])
)


@given(sides, sides)
def test_a_line_that_goes_as_it_is_holds_what_was_parsed(
    request_: object, response: object
) -> None:
    raw = line(request_, response)
    result = compile_mapping(WHOLE, Schema()).for_file(SOURCE)(raw)
    if isinstance(result, Rejection) or not result.inferences:
        return
    lines = LineWriter(WHOLE).lines(Batch.of(result.inferences, Line(1, 0, raw, len(raw))))
    events = [read_event(sent.data) for sent in lines]

    assert not any(b"\n" in sent.data for sent in lines)
    ids = [inference.id for inference in result.inferences]
    assert [name for event in events for name in event.partner_ids] == ids or events[0].error
    if lines[0].data == raw:
        assert not events[0].error
