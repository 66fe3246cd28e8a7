"""A line of a job's output, taken apart as AWS put it together, and written as a captured call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.batch_transform.calls import (
    Answer,
    is_joined_by_name,
    read_answer,
    without_input,
    write_call,
)
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.parser import ColumnMapping
from tests.support.captures import parse

ID = "1f1d57b1-2e6f-488c-8c30-db4e6d757861"
TIME = "2022-08-30T00:49:15Z"
# As AWS's example notebook SageMaker-Monitoring-Bias-Drift-for-Batch-Transform prints it.
NOTEBOOK = (
    b'{"SageMakerInferenceId":"89180035-821a-41d9-87b2-67a22490de94","SageMakerInferenceTime":'
    b'"2023-01-21T01:29:04Z","SageMakerOutput":{"predicted_label":0,"score":0.047645717859268},'
    b'"features":[29,2,178610,15,10,0,7,4,4,0,0,0,21,37]}'
)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        # AWS's developer guide shows these two.
        (f"0, {ID},{TIME}", Answer(b"0", None, ID, TIME)),
        (
            f'{{"output": 0, "SageMakerInferenceId": "{ID}", "SageMakerInferenceTime": "{TIME}"}}',
            Answer(b'{"output":0}', None, ID, TIME),
        ),
        (f"1,2,0.5,{ID},{TIME}", Answer(b"1,2,0.5", None, ID, TIME)),
        (f'"a,b","{ID}","{TIME}"', Answer(b'"a,b"', None, ID, TIME)),
        (f"{ID},{TIME}", Answer(b"", None, ID, TIME)),
        (f"0.5,{TIME},{ID}", Answer(f"0.5,{TIME},{ID}".encode())),
        (f"0.5,{ID}", Answer(f"0.5,{ID}".encode())),
        ("0.50", Answer(b"0.50")),
        ("[0.1, 0.9]", Answer(b"[0.1, 0.9]")),
        ('{"score": 0.50}', Answer(b'{"score": 0.50}')),
        ('{"no json', Answer(b'{"no json')),
        (
            f'{{"key":1.0,"SageMakerOutput":{{"label":1}},"SageMakerInferenceId":"{ID}"}}',
            Answer(b'{"label":1}', b'{"key":1.0}', ID, None),
        ),
        (
            '{"SageMakerInput":[1, 2],"SageMakerOutput":[0.5]}',
            Answer(b"[0.5]", b"[1, 2]"),
        ),
        ('{"SageMakerOutput":0.5,"SageMakerInferenceId":7}', Answer(b"0.5", b"{}")),
    ],
)
def test_an_answer_is_taken_apart(line: str, answer: Answer) -> None:
    assert read_answer(line.encode()) == answer


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert read_answer(b"\xff,1") == Answer(b"\xff,1")


@pytest.mark.parametrize(
    ("response", "request_", "rest"),
    [
        (b"1,2,0.5", b"1,2", b"0.5"),
        (b"1, 2,0.5,0.7", b"1,2", b"0.5,0.7"),
        (b'"a,b",2,"yes, no"', b'"a,b",2', b'"yes, no"'),
        (b"1,2", b"1,2", None),
        (b"0.5", b"1,2", None),
        (b"1,3,0.5", b"1,2", None),
        (b"0.5,1,2", b"1,2", None),
    ],
)
def test_a_csv_answer_is_told_from_the_input_in_front_of_it(
    response: bytes, request_: bytes, rest: bytes | None
) -> None:
    assert without_input(response, request_) == rest


CELLS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters='"\r\n,'), max_size=5),
    min_size=1,
    max_size=4,
)


@given(CELLS, CELLS)
def test_what_a_job_joins_comes_apart_again(known: list[str], more: list[str]) -> None:
    request, response = (",".join(cells).encode() for cells in (known, more))

    assert without_input(request + b"," + response, request) == response


@pytest.mark.parametrize(
    ("line", "joined"),
    [(NOTEBOOK, True), (b'{"score":1}', False), (b"1,2", False), (b'{"SageMakerOutput"', False)],
)
def test_only_an_object_with_the_output_under_its_name_is_joined_by_name(
    line: bytes, *, joined: bool
) -> None:
    assert is_joined_by_name(line) is joined


def call(request: bytes | None, response: bytes | None) -> Any:
    return json.loads(write_call(request, response, "id", TIME))["captureData"]


@pytest.mark.parametrize(
    ("data", "content_type", "encoding"),
    [
        (b"1,2", "text/csv", "CSV"),
        (b"hello", "text/csv", "CSV"),
        (b"{not json", "text/csv", "CSV"),
        (b'{"a":1}', "application/json", "JSON"),
        (b"[1,2]", "application/jsonlines", "JSON"),
        (b"\xff1", "text/csv", "BASE64"),
    ],
)
def test_a_payload_says_what_it_is(data: bytes, content_type: str, encoding: str) -> None:
    found = call(data, data)

    for side, mode in (("endpointInput", "INPUT"), ("endpointOutput", "OUTPUT")):
        assert found[side]["observedContentType"] == content_type
        assert (found[side]["encoding"], found[side]["mode"]) == (encoding, mode)


def test_a_half_that_is_not_there_is_left_out() -> None:
    assert list(call(b"1", None)) == ["endpointInput"]
    assert list(call(None, b"1")) == ["endpointOutput"]
    assert call(None, None) == {}


def test_a_line_of_aws_own_notebook_becomes_a_row() -> None:
    answer = read_answer(NOTEBOOK)
    line = write_call(answer.request, answer.response, answer.id or "", answer.time)
    names = ",".join(f"f{n}" for n in range(14))

    parsed = parse(line, ColumnMapping.of(names, "predicted_label,score", timestamp="at"))

    assert isinstance(parsed, ParsedLine)
    (inference,) = parsed.inferences
    assert inference.id == "89180035-821a-41d9-87b2-67a22490de94"
    features = [29, 2, 178610, 15, 10, 0, 7, 4, 4, 0, 0, 0, 21, 37]
    assert list(inference.row.values()) == [*features, 0, 0.047645717859268, "2023-01-21T01:29:04Z"]


@given(st.binary(), st.binary())
def test_whatever_a_line_holds_it_becomes_one_line_of_valid_json(one: bytes, other: bytes) -> None:
    answer = read_answer(one)
    written = write_call(other, answer.response, answer.id or "id", answer.time)

    assert written.count(b"\n") == 1
    assert set(json.loads(written)) == {"captureData", "eventMetadata", "eventVersion"}
