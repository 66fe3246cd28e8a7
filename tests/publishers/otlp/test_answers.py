"""What each answer of a backend means: accepted, rejected in part, refused, busy, or not OTLP's."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.publishers.otlp.answers import REPEATABLE, check_accepted
from capture_forwarder.publishers.otlp.backends import Targets, backend_of
from capture_forwarder.publishers.otlp.publisher import otlp_service

PROTOBUF, JSON = "application/x-protobuf", "application/json"
SERVICE = otlp_service(backend_of("collector", Targets()), "http://127.0.0.1:4318")


def answer(
    status: int, body: bytes | object = b"", kind: str = PROTOBUF, **headers: str
) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()  # noqa: SLF001
    made.headers.update({"Content-Type": kind, **headers})
    return made


def partial(rejected: int, message: str = "") -> bytes:
    made = ExportTraceServiceResponse()
    made.partial_success.rejected_spans = rejected
    made.partial_success.error_message = message
    return made.SerializeToString()  # type: ignore[no-any-return]


def error_of(response: requests.Response, rows: int = 4) -> PublishError:
    with pytest.raises(PublishError) as raised:
        check_accepted(response, SERVICE, rows)
    return raised.value


@pytest.mark.parametrize(
    "response",
    [
        answer(200),
        answer(200, partial(0)),
        answer(200, partial(0, "it was a lot")),
        answer(200, {}, JSON),
        answer(200, {"partialSuccess": {}}, JSON),
        answer(200, {"partialSuccess": {"rejectedSpans": "0"}}, f"{JSON}; charset=utf-8"),
        answer(200, {"status": "success", "total_spans": 4, "rejected_spans": 0}, JSON),
        answer(202),
    ],
)
def test_a_success_without_rejected_spans_is_one_with_a_warning_too(
    response: requests.Response,
) -> None:
    check_accepted(response, SERVICE, 4)


@pytest.mark.parametrize(
    "response",
    [
        answer(200, partial(2, "too long")),
        answer(200, {"partialSuccess": {"rejectedSpans": 2, "errorMessage": "too long"}}, JSON),
        answer(200, {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too long"}}, JSON),
        answer(206, {"rejected_spans": 2, "rejection_reasons": ["too long"]}, JSON),
    ],
)
def test_spans_that_are_rejected_without_their_names_are_a_refusal_in_the_backends_words(
    response: requests.Response,
) -> None:
    error = error_of(response)

    assert type(error) is BatchRefusedError
    assert error.platform_message == "too long"
    assert "2 of 4" in error.message
    assert "too long" not in str(error)


@pytest.mark.parametrize("status", range(300, 600))
def test_exactly_those_failures_are_repeated_that_otlp_lets_repeat(status: int) -> None:
    error = error_of(answer(status))

    assert isinstance(error, PlatformUnavailableError) == (status in {429, 502, 503, 504})
    assert (status in REPEATABLE) == (status in {429, 502, 503, 504})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BatchRefusedError),
        (401, CredentialsRefusedError),
        (403, PublisherMisconfiguredError),
        (404, PublisherMisconfiguredError),
        (408, BatchRefusedError),
        (413, BatchTooLargeError),
        (415, PublisherMisconfiguredError),
        (422, BatchRefusedError),
        (500, BatchRefusedError),
        (501, PublisherMisconfiguredError),
    ],
)
def test_a_failure_is_one_of_what_was_sent_of_settings_or_of_credentials(
    status: int, kind: type[PublishError]
) -> None:
    # google.rpc's Status has the fields of a partial success.
    said = ExportTracePartialSuccess(error_message="no").SerializeToString()

    error = error_of(answer(status, said))

    assert type(error) is kind
    if isinstance(error, BatchRefusedError) and status != 413:
        assert error.platform_message in {"no", f"{status}: no"}


def test_a_backend_that_names_a_time_to_come_back_is_busy() -> None:
    error = error_of(answer(503, **{"Retry-After": "7"}))

    assert isinstance(error, PlatformUnavailableError)
    assert error.retry_after == 7.0
    assert not error.may_be_a_row


@pytest.mark.parametrize("body", [b"<html>", b"\xff\xff\xff", b"it was refused"])
def test_words_that_are_no_status_of_otlps_are_quoted_as_they_are(body: bytes) -> None:
    error = error_of(answer(400, body, "text/plain" if body[0] < 0x80 else PROTOBUF))

    assert isinstance(error, BatchRefusedError)
    assert error.platform_message


@pytest.mark.parametrize(
    "response",
    [
        answer(200, b"<html>", "text/html"),
        answer(200, b"OK", "text/plain"),
        answer(200, b"\xff\xff\xff"),
        answer(200, b"{", JSON),
        answer(200, b"[]", JSON),
        answer(200, {"partialSuccess": {"rejectedSpans": "many"}}, JSON),
        answer(200, b"{}", ""),
    ],
)
def test_a_success_that_is_not_otlps_is_none(response: requests.Response) -> None:
    error = error_of(response)

    assert isinstance(error, PlatformUnavailableError)
    assert "not OTLP's" in error.message


@given(st.binary(max_size=60), st.sampled_from([PROTOBUF, JSON, "text/html", ""]))
def test_no_answer_makes_reading_it_fail_otherwise(body: bytes, kind: str) -> None:
    with suppress(PlatformUnavailableError, BatchRefusedError):
        check_accepted(answer(200, body, kind), SERVICE, 4)
