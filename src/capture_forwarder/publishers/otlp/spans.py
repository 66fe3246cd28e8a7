"""An inference → its span, and a capture file → the resource that its spans come from.

Source: OpenTelemetry, `opentelemetry/proto/trace/v1/trace.proto` and `common/v1/common.proto`,
which have the numbers of the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

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
from capture_forwarder.publishers.otlp.protobuf import (
    bytes_field,
    double_field,
    fixed64_field,
    number_field,
    text_field,
)

INFERENCE_ID = "aws.sagemaker.inference.id"
"""The attribute with the id that labels, quarantine and the endpoint's caller know."""

_TRACE_ID, _SPAN_ID, _NAME, _KIND, _START, _END, _ATTRIBUTES = 1, 2, 5, 6, 7, 8, 9
_CLIENT = 3
_KEY, _VALUE = 1, 2
_STRING, _BOOL, _INT, _DOUBLE, _ARRAY = 1, 2, 3, 4, 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**64 - 1


class WithoutTimeError(Exception):
    """An inference has no time, and a span is nothing without one."""


def span_of(inference: Inference, capture_file: CaptureFile) -> bytes:
    """Write the span of an inference.

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
    return b"".join(
        (
            bytes_field(_TRACE_ID, trace_id(inference.id)),
            bytes_field(_SPAN_ID, span_id(inference.id)),
            text_field(_NAME, f"{operation} {model}" if model else operation),
            number_field(_KIND, _CLIENT),
            # A capture has one time: how long a call took is not known.
            fixed64_field(_START, start),
            fixed64_field(_END, start),
            *attribute_fields(_ATTRIBUTES, attributes),
        )
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


def attribute_fields(field: int, attributes: Attributes) -> Iterator[bytes]:
    """Write attributes as OTLP has them: a message each, in a field of another one."""
    for name, value in attributes.items():
        yield bytes_field(field, text_field(_KEY, name) + bytes_field(_VALUE, _any_value(value)))


def _any_value(value: Value) -> bytes:
    if isinstance(value, str):
        return text_field(_STRING, value)
    if isinstance(value, bool):
        return number_field(_BOOL, value)
    if isinstance(value, int):
        return number_field(_INT, value)
    if isinstance(value, float):
        return double_field(_DOUBLE, value)
    return bytes_field(_ARRAY, b"".join(bytes_field(1, text_field(_STRING, one)) for one in value))


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
