"""Lines without columns: records as they look, agreed by their number, never guessed."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.parser.mapping.whole import NAMES, WholeLineParser
from tests.support.captures import CSV, EVENT_ID, JSON, SOURCE, TIME, line, side

LINES = "application/jsonlines"
NPY = (
    b"\x93NUMPY\x01\x00\x46\x00"
    + b"{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }".ljust(69)
    + b"\n\x01\x00\x02\x00\x03\x00\x04\x00"
)


def parse(raw: bytes) -> ParsedLine | Rejection:
    return WholeLineParser().for_file(SOURCE)(raw)


def document(value: object, content_type: str = JSON) -> object:
    return side(json.dumps(value), content_type)


def records(request: object, response: object) -> object:
    """Pairs of records, or the reason of a rejection."""
    parsed = parse(line(request, response))
    if isinstance(parsed, Rejection):
        return parsed.reason
    assert all(inference.names == NAMES for inference in parsed.inferences)
    return [inference.values for inference in parsed.inferences]


CSV_CASES = [
    pytest.param(side("1,2.5"), side("0.5"), [([1, 2.5], [0.5])], id="one line"),
    pytest.param(
        side("1,2\n3,4\n"), side("0.1\n0.2"), [([1, 2], [0.1]), ([3, 4], [0.2])], id="two lines"
    ),
    pytest.param(side("1,2\r\n3,4\r\n"), side("5\r\n6"), [([1, 2], [5]), ([3, 4], [6])], id="CRLF"),
    pytest.param(
        side(",x y,01,NaN"), side("true"), [([None, "x y", "01", None], ["true"])], id="typed"
    ),
    pytest.param(side('"a,b","c\nd"'), side("1"), [(["a,b", "c\nd"], [1])], id="quoted cells"),
    pytest.param(
        side("1,2\n3,4"), side("0.1,0.2"), [([1, 2], [0.1]), ([3, 4], [0.2])], id="scores on a line"
    ),
    pytest.param(side("1,2"), side("0.1,0.9"), [([1, 2], [0.1, 0.9])], id="two classes"),
    pytest.param(side("1,2"), side("0.1\n0.9"), Reason.RECORD_COUNT_MISMATCH, id="never split"),
    pytest.param(
        side("1\n2"), side("[0.1, 0.9],[0.8, 0.2]"), [([1], [0.1, 0.9]), ([2], [0.8, 0.2])]
    ),
    pytest.param(side("1"), side("[0.1, 0.9]"), [([1], [0.1, 0.9])], id="one bracketed list"),
    pytest.param(side("1"), side("5,[0.1, 0.9]"), [([1], [5, 0.1, 0.9])], id="label and list"),
    pytest.param(side("1"), side('5,"[1, 2]"'), [([1], [5, "[1, 2]"])], id="quoted list"),
    pytest.param(
        side("1\n\n3"), side("4\n5\n6"), [([1], [4]), ([None], [5]), ([3], [6])], id="blank record"
    ),
    pytest.param(side("1\n\n3"), side("4\n6"), [([1], [4]), ([3], [6])], id="blank line"),
    pytest.param(side("1,2"), side('{"score": 0.5}'), [([1, 2], {"score": 0.5})], id="JSON inside"),
]
JSON_CASES = [
    pytest.param(
        document({"instances": [{"features": [1, "a"]}]}),
        document({"predictions": [{"score": 0.5}]}),
        [({"features": [1, "a"]}, {"score": 0.5})],
        id="built-in algorithms",
    ),
    pytest.param(
        document({"instances": [1.0, 2.0]}),
        document({"predictions": [3.5, 4.0]}),
        [(1.0, 3.5), (2.0, 4.0)],
        id="plain values under instances",
    ),
    pytest.param(
        document({"instances": [[1, 2]]}),
        document({"predictions": [0.1, 0.9]}),
        [([1, 2], [0.1, 0.9])],
        id="two classes under predictions",
    ),
    pytest.param(
        document([[1, 2], [3, 4]]), document([0.1, 0.2]), [([1, 2], 0.1), ([3, 4], 0.2)], id="bare"
    ),
    pytest.param(document([[1, 2]]), document([0.1, 0.9]), [([1, 2], [0.1, 0.9])], id="one image"),
    pytest.param(document([5, 6]), side("0.5"), [([5, 6], [0.5])], id="bare list, one record"),
    pytest.param(document([5, 6]), side("1\n2"), [(5, [1]), (6, [2])], id="bare list, several"),
    pytest.param(document([5]), document([6]), [([5], [6])], id="bare lists of one"),
    pytest.param(
        document([1.0, 2.0]), document([3.5, 4.0]), Reason.RECORD_COUNT_MISMATCH, id="undecided"
    ),
    pytest.param(
        document({"a": [1, 2], "b": [3, 4]}),
        document({"score": [5, 6]}),
        Reason.RECORD_COUNT_MISMATCH,
        id="dictionaries of columns, undecided",
    ),
    pytest.param(
        document({"a": [1, 2], "b": [3, 4]}),
        document({"predictions": [5, 6]}),
        [({"a": 1, "b": 3}, 5), ({"a": 2, "b": 4}, 6)],
        id="dictionary of columns",
    ),
    pytest.param(
        document({"ids": [7, 8, 9]}), document({"score": 1}), [({"ids": [7, 8, 9]}, {"score": 1})]
    ),
    pytest.param(
        document({"inputs": "Hi", "parameters": {"n": 1}}),
        document([{"generated_text": "Hello"}]),
        [({"inputs": "Hi", "parameters": {"n": 1}}, {"generated_text": "Hello"})],
        id="language model",
    ),
    pytest.param(
        document({"inputs": "Hi"}),
        document({"sequence": "Hi", "labels": ["a", "b"], "scores": [0.7, 0.3]}),
        [({"inputs": "Hi"}, {"sequence": "Hi", "labels": ["a", "b"], "scores": [0.7, 0.3]})],
        id="a record that has scores",
    ),
    pytest.param(
        document({"instances": [[1], [2]], "signature_name": "serving_default"}),
        document({"predictions": [3, 4], "model": "m"}),
        [([1], 3), ([2], 4)],
        id="keys beside the list",
    ),
    pytest.param(
        document({"dataframe_split": {"columns": ["a"], "data": [[1], [2]]}}),
        document([3, 4]),
        [({"a": 1}, 3), ({"a": 2}, 4)],
        id="dataframe_split",
    ),
    pytest.param(
        document({"inputs": [{"name": "x", "shape": [2, 2], "data": [1, 2, 3, 4]}]}),
        document({"outputs": [{"name": "y", "shape": [2], "data": [5, 6]}]}),
        [([1, 2], 5), ([3, 4], 6)],
        id="a tensor of rows",
    ),
    pytest.param(
        document(
            {
                "inputs": [
                    {"name": "a", "shape": [2], "data": [1, 2]},
                    {"name": "b", "shape": [2, 1], "data": [3, 4]},
                ]
            }
        ),
        side("5\n6"),
        [({"a": 1, "b": 3}, [5]), ({"a": 2, "b": 4}, [6])],
        id="a tensor a column",
    ),
    pytest.param(
        document({"data": {"features": {"values": [1, 2]}}}),
        side("0"),
        [({"features": {"values": [1, 2]}}, [0])],
        id="the common format",
    ),
    pytest.param(
        side('{"features": [1]}\n{"features": [2]}\n', LINES),
        side('{"score": 3}\n{"score": 4}', LINES),
        [({"features": [1]}, {"score": 3}), ({"features": [2]}, {"score": 4})],
        id="JSON Lines",
    ),
    pytest.param(side("[1, 2]", LINES), side("[3, 4]", LINES), [([1, 2], [3, 4])], id="one line"),
    pytest.param(side("1\n2", LINES), side("3\n4", LINES), [(1, 3), (2, 4)], id="values as lines"),
    pytest.param(side("[1, NaN]", JSON), side("3"), [([1, None], [3])], id="NaN"),
    pytest.param(side(NPY, "application/x-npy"), side("5\n6"), [([1, 2], [5]), ([3, 4], [6])]),
]
REJECTED = [
    pytest.param(None, side("1"), Reason.MISSING_INPUT),
    pytest.param(side("1"), None, Reason.MISSING_OUTPUT),
    pytest.param(side("1"), document({"code": 424, "message": "no"}), Reason.ERROR_RESPONSE),
    pytest.param(side("1"), side('{"ErrorCode": 1, "message": ""}'), Reason.ERROR_RESPONSE),
    pytest.param(side("1\n2\n3"), side("4\n5"), Reason.RECORD_COUNT_MISMATCH),
    pytest.param(side("@", CSV, "BASE64") | {"data": "@"}, side("1"), Reason.UNDECODABLE_PAYLOAD),  # type: ignore[operator]
    pytest.param(side('{"a": ', JSON), side("1"), Reason.UNDECODABLE_PAYLOAD),
    pytest.param(side('"a"b', CSV), side("1"), Reason.UNDECODABLE_PAYLOAD),
    pytest.param(side(b"\x89PNG", "image/png"), side("1"), Reason.UNSUPPORTED_CONTENT_TYPE),
]


@pytest.mark.parametrize(("request_", "response", "expected"), CSV_CASES + JSON_CASES + REJECTED)
def test_records_are_what_the_payloads_look_like(
    request_: object, response: object, expected: object
) -> None:
    assert records(request_, response) == expected


@pytest.mark.parametrize(("request_", "response", "expected"), CSV_CASES + JSON_CASES)
def test_base64_changes_nothing(request_: object, response: object, expected: object) -> None:
    def encoded(captured: object) -> object:
        assert isinstance(captured, dict)
        if captured["encoding"] == "BASE64":
            return captured
        data = base64.b64encode(captured["data"].encode()).decode()
        return captured | {"data": data, "encoding": "BASE64"}

    assert records(encoded(request_), encoded(response)) == expected


def test_a_request_may_look_like_an_error() -> None:
    asked = {"code": "x", "message": "hello"}
    assert records(document(asked), side("0")) == [(asked, [0])]


def test_ids_and_time_are_those_of_the_call() -> None:
    one = parse(line(side("1"), side("2"), inferenceId="mine"))
    several = parse(line(side("1\n2"), side("3\n4")))

    assert isinstance(one, ParsedLine)
    assert isinstance(several, ParsedLine)
    assert [inference.id for inference in one.inferences] == ["mine"]
    assert [inference.id for inference in several.inferences] == [f"{EVENT_ID}_0", f"{EVENT_ID}_1"]
    assert one.inference_time == TIME


@pytest.mark.parametrize("nothing", [side(""), side("\n"), document([]), document({"data": []})])
def test_an_empty_call_holds_no_inference(nothing: object) -> None:
    assert records(nothing, side("")) == []


def test_what_nothing_decides_says_how_to_decide_it() -> None:
    undecided = parse(line(document([1.0, 2.0]), document([3.5, 4.0])))
    uneven = parse(line(side("1\n2\n3"), document([3.5, 4.0])))

    assert isinstance(undecided, Rejection)
    assert undecided.detail == (
        "The line holds 1 or 2 inference(s), which nothing in it decides; name the columns "
        "of the request and of the response in the mapping."
    )
    assert isinstance(uneven, Rejection)
    assert "3 record(s), the response 1 or 2;" in uneven.detail
    assert "name the columns of the request" in uneven.detail


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_a_rejection(raw: bytes) -> None:
    assert isinstance(parse(raw), ParsedLine | Rejection)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["instances", "predictions", "inputs", "data", "shape", "name"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
payloads = documents.map(json.dumps) | st.text(alphabet='01.,"[]{} \n\r', max_size=40)
sides = st.builds(side, payloads, st.sampled_from([CSV, JSON, LINES, None, "text/html"]))


@given(sides, sides)
def test_any_payloads_are_pairs_of_what_json_can_hold(request_: object, response: object) -> None:
    parsed = parse(line(request_, response))

    if isinstance(parsed, Rejection):
        assert parsed.detail.endswith(".")
        return
    for inference in parsed.inferences:
        json.dumps(inference.values, allow_nan=False).encode()
