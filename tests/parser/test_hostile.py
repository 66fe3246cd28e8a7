"""Input that is meant to hurt ends in a rejection."""

from __future__ import annotations

import base64
import json
import struct
import tracemalloc

import pytest

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_columns
from tests.support.captures import CSV, JSON, line, parse, side

MAPPING = ColumnMapping(parse_columns("a,b"), parse_columns("score"))
DEEP = "[" * 100_000 + "]" * 100_000


def reason(request: object, response: object, mapping: ColumnMapping = MAPPING) -> Reason:
    parsed = parse(line(request, response), mapping)
    assert isinstance(parsed, Rejection), parsed
    return parsed.reason


def test_a_line_nested_too_deeply_is_rejected() -> None:
    parsed = parse(f'{{"captureData": {DEEP}}}'.encode(), MAPPING)
    assert isinstance(parsed, Rejection)
    assert parsed.reason is Reason.INVALID_JSON


def test_a_payload_nested_too_deeply_is_rejected() -> None:
    assert reason(side(DEEP, JSON), side("1")) is Reason.UNDECODABLE_PAYLOAD


def test_nested_containers_do_not_multiply_the_work() -> None:
    text = '{"data": ' * 200 + "1" + "}" * 200
    assert reason(side(text, JSON), side("1")) is Reason.COLUMN_COUNT_MISMATCH


@pytest.mark.parametrize("number", ["9" * 10_000, "1e" + "9" * 10_000, "-" * 10_000 + "1"])
def test_a_huge_number_never_ends_in_an_error(number: str) -> None:
    for kind, text in ((CSV, f"1,{number}"), (JSON, f"[1,{number}]")):
        for types in (None, dict.fromkeys(("a", "b"), "int"), dict.fromkeys(("a", "b"), "float")):
            parsed = parse(line(side(text, kind), side("1")), MAPPING, types)
            if not isinstance(parsed, Rejection):
                json.dumps(parsed.inferences[0].row, allow_nan=False)


def test_a_cell_may_be_as_long_as_the_line() -> None:
    text = "x" * 10_000_000
    parsed = parse(line(side(f"{text},2"), side("1")), MAPPING)
    assert isinstance(parsed, ParsedLine), parsed
    assert parsed.inferences[0].row["a"] == text


@pytest.mark.parametrize("encoding", ["CSV", "BASE64"])
def test_a_payload_with_a_nul_is_rejected(encoding: str) -> None:
    assert reason(side("1,\0", CSV, encoding), side("1")) is Reason.UNDECODABLE_PAYLOAD


def test_a_lone_surrogate_is_rejected_since_it_can_never_be_sent() -> None:
    text = '["\\ud800", NaN]'
    assert reason(side(text, JSON), side("1")) is Reason.UNDECODABLE_PAYLOAD


def test_base64_of_ten_megabytes_of_zeros_is_rejected_in_bounded_memory() -> None:
    data = base64.b64encode(bytes(10_000_000)).decode()
    raw = line({"data": data, "encoding": "BASE64", "observedContentType": None}, side("1"))
    tracemalloc.start()
    parsed = parse(raw, MAPPING)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(parsed, Rejection)
    assert parsed.reason is Reason.UNDECODABLE_PAYLOAD
    assert peak < 8 * len(raw)


@pytest.mark.parametrize("path", ["a.b.c", "[0].x", "sum(@)", "keys(@)", "a[?b=='c']", "*.x"])
@pytest.mark.parametrize("document", ["1", '"text"', "null", "[1, 2]", "[]", '{"a": 1}'])
def test_jmespath_on_what_it_does_not_fit_is_rejected(path: str, document: str) -> None:
    selecting = ColumnMapping(
        parse_columns("x,y"), parse_columns("score"), input_path=path, output_path=None
    )
    parsed = parse(line(side(document, JSON), side("1,2,3")), selecting)
    assert isinstance(parsed, Rejection)


def test_a_failing_jmespath_inside_a_record_is_a_missing_value() -> None:
    mapping = ColumnMapping(parse_columns("a,total=sum(parts)"), parse_columns("score"))
    parsed = parse(line(side('{"a": 1, "parts": "no list"}', JSON), side("0.5")), mapping)
    assert not isinstance(parsed, Rejection)
    assert parsed.inferences[0].row == {"a": 1, "total": None, "score": 0.5}


def npy(header: str) -> dict[str, str]:
    raw = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
    return {
        "data": base64.b64encode(raw).decode(),
        "encoding": "BASE64",
        "observedContentType": "application/x-npy",
    }


@pytest.mark.parametrize(
    "header",
    [
        "{[]: 1}",
        "{{}: 1}",
        "{{1, []}}",
        *(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (%s)}" % shape  # noqa: UP031
            for shape in ("1," * 33, "0," * 10_000, f"{'9' * 4_000}," * 8, "-1,", "True,", "1e5,")
        ),
    ],
)
def test_an_npy_header_that_is_none_of_an_array_is_rejected(header: str) -> None:
    assert reason(npy(header), side("1")) is Reason.UNDECODABLE_PAYLOAD


@pytest.mark.parametrize("dimensions", [33, 500, 100_000])
def test_a_tensor_of_too_many_dimensions_is_rejected_in_bounded_memory(dimensions: int) -> None:
    tensor = {"name": "x", "datatype": "FP64", "shape": [1] * dimensions, "data": [1.5]}
    raw = line(side(json.dumps({"inputs": [tensor]}), JSON), side("1"))
    tracemalloc.start()
    parsed = parse(raw, MAPPING)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(parsed, Rejection)
    assert peak < 1_000_000 + 30 * len(raw)


@pytest.mark.parametrize("charset", ["a\0b", "utf-8\0", "punycode", "idna", "hex", "no-such"])
def test_a_charset_that_no_text_is_written_in_is_rejected(charset: str) -> None:
    sent = side("1,2", f"text/csv; charset={charset}", "BASE64")
    assert reason(sent, side("1")) is Reason.UNDECODABLE_PAYLOAD


def test_a_whole_number_of_very_many_digits_does_not_pass_for_a_line_that_was_cut() -> None:
    digits = "9" * 5000
    of_line = parse(f'{{"captureData": {digits}}}'.encode(), MAPPING)
    of_payload = parse(line(side(f'{{"a": {digits}, "b": 1}}', JSON), side("1")), MAPPING)

    assert isinstance(of_line, Rejection)
    assert of_line.reason is Reason.NOT_A_CAPTURE_RECORD
    assert "cut" not in of_line.detail
    # It is sent as it was written, and is no number of any column's type.
    assert isinstance(of_payload, ParsedLine)
    assert of_payload.inferences[0].row["a"] == digits
