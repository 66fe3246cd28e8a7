"""Input that is meant to hurt ends in a rejection."""

from __future__ import annotations

import base64
import json
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
