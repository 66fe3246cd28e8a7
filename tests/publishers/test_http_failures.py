"""Which answers and broken connections may be a row's doing, and what is kept of them."""

from __future__ import annotations

import pytest
import requests

from capture_forwarder.core.errors import PlatformUnavailableError
from capture_forwarder.publishers.http import HttpClient, Service
from tests.support.platforms.faults import Reset, Status
from tests.support.platforms.fiddler import FiddlerServer

SERVICE = Service("Platform", "http://127.0.0.1:9", "PLATFORM_URL")


def response(status: int, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    made._content = b"row 7: Jane Doe"  # noqa: SLF001 - requests offers no other way
    return made


def failure(made: requests.Response, rows: int) -> PlatformUnavailableError:
    error = SERVICE.refusal(made.status_code, made, "publish", rows)
    assert isinstance(error, PlatformUnavailableError)
    return error


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_failure_at_a_request_with_rows_may_be_a_rows_doing(status: int) -> None:
    error = failure(response(status), rows=3)

    assert error.may_be_a_row
    assert error.platform_message == "row 7: Jane Doe"
    assert "Jane" not in str(error)
    assert not failure(response(status), rows=0).may_be_a_row


@pytest.mark.parametrize("made", [response(429), response(425), response(503, Retry_After="5")])
def test_a_platform_that_is_busy_is_so_whatever_the_rows(made: requests.Response) -> None:
    assert not failure(made, rows=3).may_be_a_row


def test_a_connection_that_breaks_off_may_be_a_rows_doing_and_one_that_is_never_made_not() -> None:
    with FiddlerServer() as server:
        client = HttpClient(Service("Platform", server.url, "PLATFORM_URL"), timeout=5.0)
        server.fail_when(lambda _: True, Reset(stored=False))
        with pytest.raises(PlatformUnavailableError) as broke_off:
            client.send("POST", "/v3/events", "publish", data=b"{}", rows=3)
        server.fail_when(lambda _: True, Status(500))
    with pytest.raises(PlatformUnavailableError) as never_made:
        client.send("POST", "/v3/events", "publish", data=b"{}", rows=3)

    assert broke_off.value.may_be_a_row
    assert not never_made.value.may_be_a_row
