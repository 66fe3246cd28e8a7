"""What a backend says of the spans of a request → accepted, or the error that it means.

Sources: OpenTelemetry, "OTLP Specification", "OTLP/HTTP Response" and "Failures"; Arthur's engine,
which answers with counts in JSON (its `trace_api_routes.py`).
"""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

import msgspec
import requests

from capture_forwarder.core.errors import (
    BatchRefusedError,
    PlatformUnavailableError,
    PublishError,
)
from capture_forwarder.publishers.http import Service, may_pass
from capture_forwarder.publishers.otlp.protobuf import DecodeError, fields_of
from capture_forwarder.publishers.otlp.requests import CONTENT_TYPE

PUBLISHING = "publish spans"
"""What a request that carries spans is called."""

REPEATABLE = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""The statuses after which OTLP lets a client send the same request again."""

_PARTIAL_SUCCESS = 1
_REJECTED, _MESSAGE = 1, 2
_JSON = "application/json"
_LONGEST_QUOTE = 2000


class _Partial(msgspec.Struct, rename="camel"):
    rejected_spans: int | str = 0
    error_message: str = ""


class _Answer(msgspec.Struct):
    """OTLP's own answer as JSON, and that of Arthur's engine, whose counts stand outside."""

    partialSuccess: _Partial | None = None  # noqa: N815 - OTLP's own spelling
    rejected_spans: int = 0
    rejection_reasons: list[str] = []


_decode = msgspec.json.Decoder(_Answer, strict=False).decode


def check_accepted(response: requests.Response, service: Service, rows: int) -> None:
    """Make sure that all spans of a request were accepted.

    Parameters
    ----------
    response
        The answer.
    service
        Where it comes from.
    rows
        How many spans were sent.

    Raises
    ------
    PublishError
        It is a refusal, or none of a backend's answers.
    BatchRefusedError
        Some spans were rejected. OTLP says how many, never which; the others may be stored.
    """
    status = response.status_code
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise refusal(response, service, PUBLISHING, rows)
    rejected, said = _rejected(response, service)
    if rejected:
        message = f"{service.name} at {service.url} rejected {rejected} of {rows} span(s)."
        advice = "It does not say which: the halves are sent, with the same ids."
        raise BatchRefusedError(message, advice, platform_message=said[:_LONGEST_QUOTE])


def refusal(
    response: requests.Response, service: Service, doing: str, rows: int = 0
) -> PublishError:
    """Turn an answer that is not a success into the error that it means.

    OTLP takes every failure but a few for one of what was sent: the same request must not be made
    again. So its halves are, which leaves the row that is to blame alone.

    Parameters
    ----------
    response, service, doing, rows
        See `Service.refusal`.
    """
    status = response.status_code
    if rows and may_pass(status) and status not in REPEATABLE:
        message = f"{service.name} at {service.url} answered {status} to `{doing}`."
        advice = "OTLP does not let the same request be made again."
        said = f"{status}: {_said(response)}"
        return BatchRefusedError(message, advice, platform_message=said)
    error = service.refusal(status, response, doing, rows)
    if isinstance(error, (BatchRefusedError, PlatformUnavailableError)) and error.platform_message:
        error.platform_message = _said(response)
    return error


def _said(response: requests.Response) -> str:
    """What a failure says; OTLP's `Status` has its fields where a partial success has them."""
    text = ""
    if _kind(response) == CONTENT_TYPE:
        with suppress(DecodeError):
            _, text = _partial_success(response.content)
    return (text or response.text)[:_LONGEST_QUOTE]


def _partial_success(message: bytes) -> tuple[int, str]:
    """How many spans were rejected, and what is said of them; of several, the last counts."""
    rejected, said = 0, ""
    for field, value in fields_of(message):
        if field == _REJECTED and isinstance(value, int):
            rejected = value
        elif field == _MESSAGE and isinstance(value, bytes):
            said = value.decode(errors="replace")
    return rejected, said


def _kind(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _rejected(response: requests.Response, service: Service) -> tuple[int, str]:
    """How many spans a success says were rejected, and what it says of them."""
    kind, body = _kind(response), response.content
    if not body:
        return 0, ""
    try:
        if kind == CONTENT_TYPE:
            held = [value for field, value in fields_of(body) if field == _PARTIAL_SUCCESS]
            return _partial_success(b"".join(part for part in held if isinstance(part, bytes)))
        if kind == _JSON:
            answer = _decode(body)
            inner = answer.partialSuccess or _Partial()
            words = inner.error_message or "; ".join(answer.rejection_reasons)
            return int(inner.rejected_spans) or answer.rejected_spans, words
    except (DecodeError, msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise service.foreign("answered with something that is not OTLP's") from error
    raise service.foreign("answered with something that is not OTLP's")
