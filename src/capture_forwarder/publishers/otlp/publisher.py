"""Publish the calls of language models as OpenTelemetry traces: a trace of one span each.

Source of all protocol facts: OpenTelemetry, "OTLP Specification", and those that `backends` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.http import RequestLimits, Service
from capture_forwarder.publishers.otlp.answers import PUBLISHING, check_accepted
from capture_forwarder.publishers.otlp.backends import Backend
from capture_forwarder.publishers.otlp.connection import OtlpConnection
from capture_forwarder.publishers.otlp.requests import CONTENT_TYPE, write_request, zipped
from capture_forwarder.publishers.otlp.schema import make_sure
from capture_forwarder.publishers.otlp.spans import WithoutTimeError, resource_of, span_of

# Each text is in a span three times; a collector takes 20 MiB by default, and these bound how much
# is sent again when an answer is lost.
_ROWS_A_REQUEST = 512
_BYTES_A_REQUEST = 1024 * 1024
_REQUESTS = 8

_WITHOUT_TIME = "Neither the call nor its file says when it was, and a span needs a time."


def otlp_service(backend: Backend, url: str) -> Service:
    """Describe a backend that takes spans."""
    return Service(
        backend.title,
        url,
        "OTLP_URL",
        {
            HTTPStatus.UNAUTHORIZED: (
                "The token is wrong or expired: put a new one into OTLP_TOKEN, or into what "
                "OTLP_TOKEN_SECRET_ARN or OTLP_TOKEN_PARAMETER names."
            ),
            HTTPStatus.FORBIDDEN: "Give the token of OTLP_TOKEN the right to write traces.",
            HTTPStatus.NOT_FOUND: (
                "Nothing takes traces at this address: check OTLP_URL and OTLP_PATH."
            ),
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
                "It takes no protobuf, or no zipped bodies: check OTLP_URL and OTLP_COMPRESSION."
            ),
        },
        "Check OTLP_URL (redirections are not followed), OTLP_PATH and the backend.",
    )


class OtlpPublisher:
    """A backend that takes traces by OTLP over HTTP.

    Parameters
    ----------
    backend
        Where spans go within it, and what it asks for.
    service, connection
        Its address, and what sends requests there.
    resource
        Further attributes of the resource that spans come from.
    limits
        The most that one request may hold, in place of the usual limits.
    """

    def __init__(
        self,
        backend: Backend,
        service: Service,
        connection: OtlpConnection,
        *,
        resource: Mapping[str, object] | None = None,
        limits: RequestLimits | None = None,
    ) -> None:
        self._backend = backend
        self._service = service
        self._connection = connection
        self._resource = {**backend.resource, **(resource or {})}
        self._limits = limits or RequestLimits()
        self._schema: Schema | None = None

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most of one request."""
        return self._limits.batch_limits(_ROWS_A_REQUEST, _BYTES_A_REQUEST, _REQUESTS)

    def schema(self) -> Schema:
        """No columns; the first time, it is made sure that what spans belong to is there.

        Raises
        ------
        PublishError
            It is not, or the backend does not say.
        """
        if self._schema is None:
            if self._backend.check is not None:
                make_sure(self._backend.check, self._connection, self._service)
            self._schema = Schema()
        return self._schema

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Send the spans of one batch; see `Publisher.publish`.

        Where a backend rejects some of them, the others may be stored all the same; they are sent
        again with the same ids.
        """
        del deadline
        refused: dict[int, str] = {}
        spans: list[bytes] = []
        for index, inference in enumerate(batch.inferences):
            try:
                spans.append(span_of(inference, batch.capture_file))
            except WithoutTimeError:
                refused[index] = _WITHOUT_TIME
        if spans:
            self._send(batch, spans)
        return Receipt(refused)

    def _send(self, batch: Batch, spans: list[bytes]) -> None:
        rows = len(spans)
        body = write_request(resource_of(batch.capture_file, self._resource), spans)
        self._limits.check(body, rows)
        headers = {"Content-Type": CONTENT_TYPE}
        if self._backend.zip:
            body = zipped(body)
            headers["Content-Encoding"] = "gzip"
        response = self._connection.send(
            "POST", self._backend.path, PUBLISHING, body=body, headers=headers, rows=rows
        )
        check_accepted(response, self._service, rows)
