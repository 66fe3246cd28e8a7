"""An inference → its span, and a capture file → the resource that its spans come from.

Source: OpenTelemetry, `opentelemetry/proto/trace/v1/trace.proto`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.iso_time import parse_iso_time
from capture_forwarder.publishers.otlp.attributes import (
    Attributes,
    Value,
    known,
    metadata_attributes,
)
from capture_forwarder.publishers.otlp.genai import genai_attributes
from capture_forwarder.publishers.otlp.ids import span_id, trace_id
from capture_forwarder.publishers.otlp.openinference import openinference_attributes

INFERENCE_ID = "aws.sagemaker.inference.id"
"""The attribute with the id that labels, quarantine and the endpoint's caller know."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**64 - 1


class WithoutTimeError(Exception):
    """An inference has no time, and a span is nothing without one."""


def span_of(inference: Inference, capture_file: CaptureFile) -> Span:
    """Make the span of an inference.

    Parameters
    ----------
    inference
        A row of `CONVERSATION_COLUMNS` and metadata columns.
    capture_file
        Where its call was captured. The endpoint stands for a model that nobody names, and the
        file's hour for the time of a call that has none.

    Raises
    ------
    WithoutTimeError
        Neither the call nor its file says when it was.
    """
    row = inference.row
    named = row.get("request_model") or row.get("response_model") or capture_file.endpoint
    model = str(named) if named else None
    operation = str(row.get("operation"))
    start = _nanoseconds(row.get("time") or capture_file.capture_hour)
    attributes: Attributes = {
        **genai_attributes(row, model),
        **openinference_attributes(row, model),
        INFERENCE_ID: inference.id,
        **metadata_attributes(row),
    }
    return Span(
        trace_id=trace_id(inference.id),
        span_id=span_id(inference.id),
        name=f"{operation} {model}" if model else operation,
        kind=Span.SPAN_KIND_CLIENT,
        # A capture has one time: how long a call took is not known.
        start_time_unix_nano=start,
        end_time_unix_nano=start,
        attributes=key_values(attributes),
    )


def resource_of(capture_file: CaptureFile, further: Mapping[str, object]) -> Attributes:
    """Describe what the spans of a capture file come from.

    Parameters
    ----------
    capture_file
        The file.
    further
        Attributes that settings give.
    """
    return known(
        {
            "service.name": capture_file.endpoint or "sagemaker",
            "cloud.provider": "aws",
            "aws.sagemaker.endpoint.name": capture_file.endpoint,
            "aws.sagemaker.variant.name": capture_file.variant,
            **further,
        }
    )


def key_values(attributes: Attributes) -> Iterable[KeyValue]:
    """Write attributes as OTLP has them."""
    return [KeyValue(key=name, value=_any_value(value)) for name, value in attributes.items()]


def _any_value(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=one) for one in value]))


def _nanoseconds(time: object) -> int:
    try:
        then = parse_iso_time(str(time))
        since = (then if then.tzinfo else then.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError) as error:
        raise WithoutTimeError from error
    nanoseconds = since // timedelta(microseconds=1) * 1000
    if not 0 < nanoseconds <= _LATEST:
        raise WithoutTimeError
    return nanoseconds
