"""An OpenTelemetry backend, as far as sending traces by OTLP over HTTP uses it."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from .platform_server import PlatformServer, RefusedError
from .server import Reply, Request

__all__ = ["PROTOBUF", "TOKEN", "OtlpServer", "StoredSpan", "attributes_of"]

TOKEN = "loopback-otlp-token"  # noqa: S105
PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True)
class StoredSpan:
    """A span that took effect."""

    trace_id: str
    span_id: str
    name: str
    kind: int
    start: int
    end: int
    attributes: dict[str, Any]
    resource: dict[str, Any]

    @property
    def inference_id(self) -> str:
        return str(self.attributes["aws.sagemaker.inference.id"])


class OtlpServer(PlatformServer):
    """A backend on the loopback interface, which stores a span that comes again once.

    Attributes
    ----------
    token
        The one bearer token that is accepted; set it to rotate.
    taken
        The spans of requests that took effect, in order, as often as they came.
    partial
        Whether spans that are refused by their ids are left out, and the others stored.
    """

    path = "/v1/traces"

    def __init__(self, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token
        self.taken: list[StoredSpan] = []
        self.partial = False

    @property
    def spans(self) -> list[StoredSpan]:
        """The spans that are stored: of several with one id, the last."""
        with self.lock:
            return list({(one.trace_id, one.span_id): one for one in self.taken}.values())

    @property
    def published_ids(self) -> list[str]:
        """The ids of the inferences whose spans took effect."""
        with self.lock:
            return [span.inference_id for span in self.taken]

    def ids_in(self, request: Request) -> list[str]:
        """Return the ids of the inferences that a publish request brought."""
        try:
            return [span.inference_id for span in _spans_in(request)]
        except RefusedError:
            return []

    def publishes(self, method: str, path: str) -> bool:
        """Tell whether a request brings spans."""
        return method == "POST" and path == self.path

    def error(self, status: int, message: str) -> Reply:
        """Return an error as OTLP has it: google.rpc's Status, which has these two fields."""
        # Its field of the message has the number and the type that a partial success has.
        body = ExportTracePartialSuccess(error_message=message).SerializeToString()
        return Reply(status, body, PROTOBUF)

    def handle(self, request: Request) -> Reply:
        """Answer as a backend does, and store the spans it would take."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise RefusedError(401, "Unauthorized")
        if not self.publishes(request.method, request.path):
            raise RefusedError(404, "No such resource")
        self.check_size(request)
        spans = _spans_in(request)
        refused = [span for span in spans if self.refusal_of([span.inference_id]) is not None]
        if refused and not self.partial:
            raise RefusedError(self.refusal_of([refused[0].inference_id]) or 400, "invalid span")
        with self.lock:
            self.taken += [span for span in spans if span not in refused]
        answer = ExportTraceServiceResponse()
        # A backend may say something of spans that it accepts.
        answer.partial_success.error_message = "invalid span" if refused else "taken as they are"
        answer.partial_success.rejected_spans = len(refused)
        return Reply(200, answer.SerializeToString(), PROTOBUF)


def _spans_in(request: Request) -> list[StoredSpan]:
    if request.headers.get("content-type") != PROTOBUF:
        raise RefusedError(415, "Unsupported media type")
    body = request.body
    if request.headers.get("content-encoding") == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise RefusedError(400, "The body is not gzip") from error
    try:
        sent = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise RefusedError(400, "The body is no protobuf") from error
    return [
        _stored(span, attributes_of(group.resource.attributes))
        for group in sent.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def _stored(span: Span, resource: dict[str, Any]) -> StoredSpan:
    if len(span.trace_id) != 16 or len(span.span_id) != 8 or not span.start_time_unix_nano:
        raise RefusedError(400, "A span has no ids or no time")
    return StoredSpan(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        attributes_of(span.attributes),
        resource,
    )


def attributes_of(held: Any) -> dict[str, Any]:
    """Read attributes; each stands once."""
    found = {one.key: _value(one.value) for one in held}
    assert len(found) == len(held)
    return found


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


def said(span: StoredSpan, side: str) -> list[str]:
    """The texts of a span's messages."""
    messages = json.loads(span.attributes[f"gen_ai.{side}.messages"])
    return [part["content"] for one in messages for part in one["parts"]]
