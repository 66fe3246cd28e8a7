"""What is written of protobuf, byte by byte as OpenTelemetry's own library writes it."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError as LibraryDecodeError
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from capture_forwarder.core.inference import Inference
from capture_forwarder.publishers.otlp.attributes import Attributes, Value
from capture_forwarder.publishers.otlp.ids import span_id, trace_id
from capture_forwarder.publishers.otlp.protobuf import DecodeError, fields_of
from capture_forwarder.publishers.otlp.requests import SCOPE, write_request
from capture_forwarder.publishers.otlp.spans import attribute_fields, span_of
from tests.support.captures import SOURCE, TIME

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
VALUES: st.SearchStrategy[Value] = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.lists(TEXTS, max_size=4)
)
ATTRIBUTES = st.dictionaries(TEXTS.filter(bool), VALUES, max_size=6)


def any_value(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=one) for one in value]))


def key_values(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=name, value=any_value(value)) for name, value in attributes.items()]


@given(ATTRIBUTES)
@example({"a": ""})
@example({"a": -1, "b": 0, "c": 127, "d": 128, "e": 2**63 - 1, "f": False, "g": -0.0, "h": []})
def test_attributes_are_as_the_library_writes_them(attributes: Attributes) -> None:
    expected = Resource(attributes=key_values(attributes)).SerializeToString()

    assert b"".join(attribute_fields(1, attributes)) == expected


@given(ATTRIBUTES, st.lists(TEXTS, min_size=1, max_size=4))
def test_a_request_is_as_the_library_writes_it(resource: Attributes, ids: list[str]) -> None:
    row = {"operation": "chat", "time": TIME, "request_model": "m"}
    written = [span_of(Inference(one, tuple(row), tuple(row.values())), SOURCE) for one in ids]

    spans = [Span.FromString(one) for one in written]
    scope = ScopeSpans(scope=InstrumentationScope(name=SCOPE), spans=spans)
    held = ResourceSpans(resource=Resource(attributes=key_values(resource)), scope_spans=[scope])
    expected = ExportTraceServiceRequest(resource_spans=[held]).SerializeToString()
    assert write_request(resource, written) == expected


@given(TEXTS.filter(bool))
def test_a_span_is_as_the_library_writes_it(name: str) -> None:
    row = {"operation": "chat", "time": TIME, "request_model": name}
    written = span_of(Inference(name, tuple(row), tuple(row.values())), SOURCE)

    read = Span.FromString(written)
    expected = Span(
        trace_id=trace_id(name),
        span_id=span_id(name),
        name=f"chat {name}",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=1772360430 * 10**9,
        end_time_unix_nano=1772360430 * 10**9,
        attributes=read.attributes,
    )
    assert written == expected.SerializeToString()


@given(st.integers(-(2**63), 2**63 - 1), TEXTS)
def test_an_answer_is_read_as_the_library_reads_it(rejected: int, said: str) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = rejected
    answer.partial_success.error_message = said

    held = dict(fields_of(answer.SerializeToString()))

    inner = held[1]
    assert isinstance(inner, bytes)
    fields = dict(fields_of(inner))
    assert fields.get(1, 0) == rejected % 2**64
    assert fields.get(2, b"") == said.encode()


@given(st.binary(max_size=40))
@example(b"\x80" * 11)
@example(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
def test_no_bytes_are_read_otherwise_than_as_a_message_or_as_none(content: bytes) -> None:
    try:
        found = list(fields_of(content))
    except DecodeError:
        return
    assert all(field > 0 for field, _ in found)


@pytest.mark.parametrize("content", [b"\x08", b"\x0a\x05ab", b"\x0b", b"\x00\x01", b"\x09ab"])
def test_what_is_cut_or_of_an_unknown_make_is_no_message(content: bytes) -> None:
    with pytest.raises(DecodeError):
        list(fields_of(content))
    with pytest.raises(LibraryDecodeError):
        ExportTraceServiceResponse.FromString(content)
