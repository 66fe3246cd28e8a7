"""The faults of a loopback platform reach Fiddler's own client as the network would bring them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import fiddler as fdl
import pytest
import requests
from fiddler.exceptions import BaseError
from fiddler.libs import http_client

from tests.support.platforms.faults import (
    CUT_JSON,
    GARBAGE_JSON,
    LOGIN_PAGE,
    Fault,
    Reset,
    Slow,
    Status,
    Truncated,
    nth,
    path,
)
from tests.support.platforms.fiddler import MODEL_ID, FiddlerServer, Model

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = Model.of(inputs={"age": "int"}, outputs={"score": "float"}, event_id_col="event_id")


@pytest.fixture(autouse=True)
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", "0.5")


@pytest.fixture
def server() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as running:
        yield running


@pytest.fixture
def model(server: FiddlerServer) -> fdl.Model:
    return connect(server)


def connect(server: FiddlerServer) -> fdl.Model:
    fdl.init(url=server.url, token=server.token, auto_attach_log_handler=False)
    return fdl.Model.get(id_=MODEL_ID)


def rows(count: int) -> list[dict[str, Any]]:
    return [{"event_id": f"call_{index}", "age": 30, "score": 0.5} for index in range(count)]


@pytest.mark.parametrize("status", [400, 401, 403, 422, 501])
def test_an_error_in_fiddlers_form_is_an_api_error(
    server: FiddlerServer, model: fdl.Model, status: int
) -> None:
    server.fail_next(Status(status, "as told"))

    with pytest.raises(fdl.ApiError, match="as told") as raised:
        model.publish_stream(rows(1))

    assert raised.value.code == status
    assert server.events == []


@pytest.mark.parametrize(
    ("status", "error"), [(404, fdl.NotFound), (405, fdl.Unsupported), (409, fdl.Conflict)]
)
def test_some_statuses_have_an_error_of_their_own(
    server: FiddlerServer, model: fdl.Model, status: int, error: type[Exception]
) -> None:
    server.fail_next(Status(status))

    with pytest.raises(error):
        model.publish_stream(rows(1))


def test_unsupported_is_no_api_error() -> None:
    assert not issubclass(fdl.Unsupported, fdl.ApiError)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_an_error_page_is_the_http_librarys_error(
    server: FiddlerServer, model: fdl.Model, status: int
) -> None:
    server.fail_next(Status(status, body="html"))

    with pytest.raises(requests.HTTPError) as raised:
        model.publish_stream(rows(1))

    assert raised.value.response.status_code == status


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(LOGIN_PAGE, fdl.HttpError, id="a page"),
        pytest.param(CUT_JSON, fdl.HttpError, id="half a document"),
        pytest.param(GARBAGE_JSON, KeyError, id="another document"),
    ],
)
def test_a_success_with_a_foreign_body_is_an_error(
    server: FiddlerServer, model: fdl.Model, fault: Fault, error: type[Exception]
) -> None:
    server.fail_next(fault)

    with pytest.raises(error):
        model.publish_stream(rows(1))

    assert server.events == []


@pytest.mark.parametrize(
    ("fault", "cause", "stored"),
    [
        pytest.param(Status(429), requests.HTTPError, 0, id="429"),
        pytest.param(Status(429, body="html"), requests.HTTPError, 0, id="429 page"),
        pytest.param(Status(500), requests.HTTPError, 0, id="500"),
        pytest.param(Status(503, body="html"), requests.HTTPError, 0, id="503 page"),
        pytest.param(Status(504, stored=True), requests.HTTPError, 1, id="504 but stored"),
        pytest.param(Reset(stored=False), requests.ConnectionError, 0, id="reset"),
        pytest.param(Reset(stored=True), requests.ConnectionError, 1, id="reset but stored"),
        pytest.param(Truncated(), requests.exceptions.ChunkedEncodingError, 1, id="truncated"),
    ],
)
def test_a_transient_fault_ends_the_clients_budget(
    server: FiddlerServer, model: fdl.Model, fault: Fault, cause: type[Exception], stored: int
) -> None:
    server.fail_next(fault)

    with pytest.raises(BaseError, match="giving up after 1 attempt") as raised:
        model.publish_stream(rows(1))

    assert isinstance(raised.value.__cause__, cause)
    assert len(server.events) == stored


@pytest.mark.parametrize("wait", [7, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after_is_sent_as_told(
    server: FiddlerServer, model: fdl.Model, wait: str | int
) -> None:
    server.fail_next(Status(429, retry_after=wait))

    with pytest.raises(BaseError) as raised:
        model.publish_stream(rows(1))

    cause = raised.value.__cause__
    assert isinstance(cause, requests.HTTPError)
    assert cause.response.headers["Retry-After"] == str(wait)


def test_a_retry_after_a_lost_answer_stores_the_rows_twice(
    server: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", "300")
    monkeypatch.setattr(http_client.time, "sleep", lambda _seconds: None)
    model = connect(server)
    server.fail_next(Reset(stored=True), Status(503))

    model.publish_stream(rows(1))

    assert server.events == rows(1) * 2
    assert [
        request.headers.get("x-fiddler-client-retry") for request in server.publish_requests
    ] == [
        None,
        "1",
        "2",
    ]


def test_an_answer_that_comes_too_late_is_a_transient_fault(
    server: FiddlerServer, model: fdl.Model
) -> None:
    held = threading.Event()
    server.fail_next(Slow(held))
    fdl.init(
        url=server.url,
        token=server.token,
        timeout=(30, 0.05),
        validate=False,
        auto_attach_log_handler=False,
    )

    with pytest.raises(BaseError) as raised:
        model.publish_stream(rows(1))

    assert isinstance(raised.value.__cause__, requests.exceptions.ReadTimeout)
    for _ in range(3000):  # the client may have given up before its request was read
        if server.events:
            break
        time.sleep(0.01)
    held.set()
    assert server.events == rows(1)


def test_a_held_answer_goes_out_when_the_test_releases_it(
    server: FiddlerServer, model: fdl.Model
) -> None:
    held = threading.Event()
    server.fail_next(Slow(held))
    answers: list[Any] = []
    sender = threading.Thread(target=lambda: answers.append(model.publish_stream(rows(1))))
    sender.start()

    assert server.wait_for_publishes(1)
    assert answers == []
    held.set()
    sender.join()

    assert answers == [["call_0"]]


def test_a_late_answer_may_be_an_error_in_the_end(server: FiddlerServer, model: fdl.Model) -> None:
    server.fail_next(Slow(seconds=0.01, then=Status(400)))

    with pytest.raises(fdl.ApiError):
        model.publish_stream(rows(1))

    assert server.events == []


def test_queued_faults_meet_publish_requests_in_order(
    server: FiddlerServer, model: fdl.Model
) -> None:
    server.fail_next(None, Status(400), None)

    model.publish_stream(rows(1))
    fdl.Model.get(id_=MODEL_ID)
    with pytest.raises(fdl.ApiError):
        model.publish_stream(rows(2))
    assert server.faults.pending == 1
    model.publish_stream(rows(3))

    assert [len(stored.events) for stored in server.stored] == [1, 3]
    assert server.batch_sizes == [1, 2, 3]


def test_a_rule_meets_every_request_it_selects(server: FiddlerServer, model: fdl.Model) -> None:
    server.fail_when(nth(1, 3), Status(422))
    server.fail_when(path("/v3/models/"), Status(403))

    for expected in (fdl.ApiError, None, fdl.ApiError, None):
        if expected is None:
            model.publish_stream(rows(1))
        else:
            with pytest.raises(expected):
                model.publish_stream(rows(1))
    with pytest.raises(fdl.ApiError):
        fdl.Model.get(id_=MODEL_ID)

    server.faults.clear()
    fdl.Model.get(id_=MODEL_ID)


def test_requests_from_several_threads_are_all_stored(
    server: FiddlerServer, model: fdl.Model
) -> None:
    senders = [
        threading.Thread(target=model.publish_stream, args=([{"event_id": f"{index}"}],))
        for index in range(16)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert {event["event_id"] for event in server.events} == {str(index) for index in range(16)}
    assert [request.publish_number for request in server.publish_requests] == list(range(1, 17))


def test_leaving_the_block_releases_held_answers_and_closes_the_port() -> None:
    outcomes: list[BaseException] = []

    def send(model: fdl.Model) -> None:
        try:
            model.publish_stream(rows(1))
        except BaseError as error:
            outcomes.append(error)

    with FiddlerServer(MODEL) as server:
        server.fail_next(Slow(then=Reset(stored=False)))
        sender = threading.Thread(target=send, args=(connect(server),))
        sender.start()
        assert server.wait_for_publishes(1)
    sender.join()

    assert len(outcomes) == 1
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=30)
