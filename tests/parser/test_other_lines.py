"""Other files that lie in capture buckets, and lines of unusual make."""

from __future__ import annotations

import io
import json

import pytest

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.parser import LineParser, read_chunks
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import EVENT_ID, SOURCE, TIME, line, parse, side

MAPPING = ColumnMapping.of("a,b", "score")
CALL = json.loads(line(side("1,2"), side("0.5")))
GROUND_TRUTH = {"groundTruthData": {"data": "1", "encoding": "CSV"}}


def rejected(document: object) -> Rejection:
    parsed = parse(json.dumps(document).encode(), MAPPING)
    assert isinstance(parsed, Rejection), parsed
    return parsed


def test_a_line_merged_with_its_ground_truth_is_the_capture_line_that_it_is() -> None:
    parsed = parse(json.dumps(CALL | GROUND_TRUTH).encode(), MAPPING)
    assert isinstance(parsed, ParsedLine)
    assert parsed.inferences[0].row == {"a": 1, "b": 2, "score": 0.5}


def test_a_ground_truth_line_is_called_by_its_name() -> None:
    found = rejected(GROUND_TRUTH | {"eventMetadata": {"eventId": "58"}, "eventVersion": "0"})
    assert found.reason is Reason.NOT_A_CAPTURE_RECORD
    assert "ground truth" in found.detail


def test_a_batch_transforms_manifest_is_called_by_its_name() -> None:
    found = rejected([{"prefix": "s3://bucket/output/"}, "part.out"])
    assert found.reason is Reason.NOT_A_CAPTURE_RECORD
    assert "manifest of a batch transform" in found.detail


def test_a_batch_transforms_output_is_no_capture_record() -> None:
    found = rejected({"SageMakerInferenceId": "x", "SageMakerOutput": {"score": 1}})
    assert found.reason is Reason.NOT_A_CAPTURE_RECORD


@pytest.mark.parametrize("document", [1, "text", None, [], [1], {}, {"captureData": 1}])
def test_other_json_is_no_capture_record(document: object) -> None:
    assert rejected(document).reason is Reason.NOT_A_CAPTURE_RECORD


@pytest.mark.parametrize("metadata", [None, {}, {"inferenceTime": TIME}, {"eventId": ""}])
def test_a_line_without_an_id_is_no_capture_record(metadata: object) -> None:
    found = rejected(CALL | {"eventMetadata": metadata})
    assert found.reason is Reason.NOT_A_CAPTURE_RECORD


def test_a_cut_line_is_invalid_json_wherever_it_is_cut() -> None:
    whole = json.dumps(CALL).encode()
    for length in range(1, len(whole)):
        parsed = parse(whole[:length], MAPPING)
        assert isinstance(parsed, Rejection)
        assert parsed.reason is Reason.INVALID_JSON, whole[:length]


def test_a_byte_order_mark_and_a_carriage_return_around_a_line_do_not_matter() -> None:
    parsed = parse(b"\xef\xbb\xbf" + json.dumps(CALL).encode() + b"\r", MAPPING)
    assert isinstance(parsed, ParsedLine)


def test_an_empty_inference_id_is_none() -> None:
    metadata = {"eventId": EVENT_ID, "inferenceId": ""}
    parsed = parse(json.dumps(CALL | {"eventMetadata": metadata}).encode(), MAPPING)
    assert isinstance(parsed, ParsedLine)
    assert parsed.inferences[0].id == EVENT_ID


def test_metadata_columns_take_what_is_known_of_the_call_and_the_object() -> None:
    fields = (
        "endpoint,variant,capture_hour,event_id,inference_id,row_index,custom_attributes,bucket,key"
    )
    mapping = ColumnMapping.of("a,b", "score", [f"m_{name}={name}" for name in fields.split(",")])
    raw = line(side("1,2\n3,4"), side("0.1\n0.2"), inferenceId="i", customAttributes=["x"])

    parsed = parse(raw, mapping)

    assert isinstance(parsed, ParsedLine)
    assert [list(inference.row.values())[3:] for inference in parsed.inferences] == [
        [
            "endpoint",
            "variant",
            "2026-03-01T10:00:00Z",
            EVENT_ID,
            "i",
            index,
            ["x"],
            "bucket",
            "captures/endpoint/variant/2026/03/01/10/20-30-123-a.jsonl",
        ]
        for index in (0, 1)
    ]


def test_values_that_do_not_cast_are_sent_as_they_stand_and_counted_by_column() -> None:
    raw = line(side("x,2\n1,y\nz,3"), side("0.1\n0.2\n0.3"))

    parsed = parse(raw, MAPPING, {"a": "int", "b": "float", "score": "float"})

    assert isinstance(parsed, ParsedLine)
    assert [list(inference.row.values())[:2] for inference in parsed.inferences] == [
        ["x", 2.0],
        [1, "y"],
        ["z", 3.0],
    ]
    assert parsed.cast_failures == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("charset", "text"),
    [("utf-16", "ä,b"), ("latin-1", "é,b"), ("UTF-8", "\ufeffä,b"), ('"shift_jis"', "日,b")],
)
def test_a_charset_in_the_content_type_is_obeyed(charset: str, text: str) -> None:
    raw = text.encode(charset.strip('"'))
    request = side(raw, f"text/csv; charset={charset}")

    parsed = parse(line(request, side("1")), MAPPING)

    assert isinstance(parsed, ParsedLine)
    assert parsed.inferences[0].row["a"] == text[-3]


BOX = [4.0, 0.86, 0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize("boxes", [[], [BOX], [BOX, BOX]])
def test_what_an_object_detector_found_is_one_value_however_many_boxes(boxes: object) -> None:
    mapping = ColumnMapping.of(outputs="prediction")
    response = side(json.dumps({"prediction": boxes}), "application/json")

    parsed = parse(line(None, response), mapping)

    assert isinstance(parsed, ParsedLine)
    assert [inference.row for inference in parsed.inferences] == [{"prediction": boxes}]


def header(text: str, response: str, inputs: str = "a,b") -> object:
    mapping = ColumnMapping.of(inputs, "score", csv_header=True)
    parsed = parse(line(side(text), side(response)), mapping)
    if isinstance(parsed, Rejection):
        return parsed.reason.value
    return [list(inference.row.values()) for inference in parsed.inferences]


def test_a_header_names_the_cells_whatever_their_order() -> None:
    assert header("b,a,c\n1,2,3\n", "score\n0.5\n") == [[2, 1, 0.5]]


def test_a_first_row_with_none_of_the_names_is_no_header_but_a_record() -> None:
    assert header("1,2\n", "0.5") == [[1, 2, 0.5]]
    assert header("x,y\n1,2\n", "0.5") == "record-count-mismatch"
    assert header("1,2\n3,4\n", "score\n0.1\n0.2\n") == [[1, 2, 0.1], [3, 4, 0.2]]


def test_a_response_may_do_without_the_requests_header() -> None:
    assert header("a,b\n1,2\n3,4\n", "0.1\n0.2\n") == [[1, 2, 0.1], [3, 4, 0.2]]


def test_a_header_alone_is_an_empty_call() -> None:
    assert header("a,b\n", "score\n") == []


def test_a_shadow_variants_call_is_told_by_its_source_and_can_be_left_out() -> None:
    raw = line(side("1,2"), side("0.5"), invocationSource="ShadowExperiment")
    told = parse(raw, ColumnMapping.of("a,b", "score", ["from=invocation_source"]))
    left_out = parse(raw, ColumnMapping.of("a,b", "score", shadow=False))
    others = parse(line(side("1,2"), side("0.5")), ColumnMapping.of("a,b", "score", shadow=False))

    assert isinstance(told, ParsedLine)
    assert told.inferences[0].row["from"] == "ShadowExperiment"
    assert isinstance(left_out, ParsedLine)
    assert left_out.inferences == ()
    assert isinstance(others, ParsedLine)
    assert len(others.inferences) == 1


def test_no_chunk_takes_a_shadow_variants_calls_where_they_are_left_out() -> None:
    raw = line(side("1,2"), side("0.5"), invocationSource="ShadowExperiment") + b"\n"
    (chunk,) = read_chunks(io.BytesIO(raw * 20), 10**6)
    assert isinstance(chunk, Chunk)

    for shadow in (True, False):
        parser = LineParser(ColumnMapping.of("a,b", "score", shadow=shadow))
        assert bool(parser.for_chunks(SOURCE)(chunk)) == shadow


def test_a_part_of_the_key_is_counted_from_either_end() -> None:
    mapping = ColumnMapping.of("a,b", "score", "first=key[0],hash=key[-7],none=key[99]")

    parsed = parse(line(side("1,2"), side("0.5")), mapping)

    assert isinstance(parsed, ParsedLine)
    # captures/endpoint/variant/2026/03/01/10/20-30-123-a.jsonl
    assert list(parsed.inferences[0].values[-3:]) == ["captures", "endpoint", None]


def test_types_of_the_mapping_serve_where_the_schema_has_none() -> None:
    mapping = ColumnMapping.of("a,b", "score", types={"a": "str", "score": "int"})
    raw = line(side("01,2"), side("75.5"))

    parsed = parse(raw, mapping, {"a": "float"})

    assert isinstance(parsed, ParsedLine)
    assert list(parsed.inferences[0].values) == [1.0, 2, 75.5]
    assert parsed.cast_failures == {"score": 1}
