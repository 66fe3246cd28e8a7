"""The Fiddler publisher, with the real client, against a loopback Fiddler."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID

import msgspec
import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.core.inference import Row
from capture_forwarder.core.schema import DataType
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher
from capture_forwarder.publishers.http import RequestLimits
from tests.support.fakes import ManualClock as SendingClock
from tests.support.platforms.faults import (
    CUT_JSON,
    GARBAGE_JSON,
    LOGIN_PAGE,
    Answer,
    Fault,
    Reset,
    Slow,
    Status,
    Truncated,
    path,
)
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, Column, FiddlerServer, Model
from tests.support.rows import inference_of

ROTATED = "rotated"
MODEL = Model.of(
    inputs={"age": "int", "plan": Column("plan", "category", categories=("a", "b"))},
    outputs={"score": "float"},
    event_id_col="event_id",
    event_ts_col="ts",
)


class Tokens:
    """A secret whose stored value can change behind the copy that is kept."""

    def __init__(self, *values: str) -> None:
        self.values = list(values)
        self.reads = 0

    def value(self, *, fresh: bool = False) -> str:
        if fresh and len(self.values) > 1:
            self.values.pop(0)
        self.reads += 1
        return self.values[0]


class ManualClock(SystemClock):
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def server() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as running:
        yield running


def publisher(
    server: FiddlerServer,
    *tokens: str,
    timeout: float = 5.0,
    clock: SystemClock | None = None,
    limits: RequestLimits | None = None,
) -> FiddlerPublisher:
    return FiddlerPublisher(
        server.url,
        Tokens(*(tokens or (TOKEN,))),
        UUID(MODEL_ID),
        timeout=timeout,
        clock=clock or SystemClock(),
        limits=limits,
    )


def batch(count: int = 3) -> Batch:
    return Batch.of(
        [
            inference_of(f"call_{n}", {"event_id": f"call_{n}", "age": n, "score": n / 8})
            for n in range(count)
        ]
    )


def test_every_row_arrives_as_it_was_given(server: FiddlerServer) -> None:
    publisher(server).publish(batch(1000))

    assert server.events == [inference.row for inference in batch(1000).inferences]
    assert server.batch_sizes == [1000]


def test_nan_and_infinities_are_sent_as_null(server: FiddlerServer) -> None:
    row: Row = {"event_id": "x", "age": None, "score": float("nan")}

    publisher(server).publish(Batch.of([inference_of("x", row)]))

    assert server.events == [{"event_id": "x", "age": None, "score": None}]


def test_text_arrives_unharmed_in_any_script(server: FiddlerServer) -> None:
    row: Row = {"event_id": "ü/\u2028", "plan": 'say "ü\\n"', "score": 1e-6}

    publisher(server).publish(Batch.of([inference_of("x", row)]))

    assert server.events == [row]


def test_one_connection_serves_all_batches(server: FiddlerServer) -> None:
    fiddler = publisher(server)
    fiddler.schema()
    for _ in range(3):
        fiddler.publish(batch())

    paths = [request.path for request in server.requests]
    assert paths == [
        "/v3/server-info",
        "/v3/version-compatibility",
        f"/v3/models/{MODEL_ID}",
        *["/v3/events"] * 3,
    ]
    assert all(request.headers["authorization"] == f"Bearer {TOKEN}" for request in server.requests)


def test_the_schema_tells_types_and_the_id_and_time_columns(server: FiddlerServer) -> None:
    schema = publisher(server).schema()

    assert schema.types["age"] is DataType.INT
    assert schema.types["score"] is DataType.FLOAT
    assert schema.categories == {"plan": ("a", "b")}
    assert schema.event_id_column == "event_id"
    assert schema.timestamp_column == "ts"
    assert schema.required == ("age", "plan", "score")


def test_the_schema_is_read_again_when_it_may_have_changed(server: FiddlerServer) -> None:
    clock = ManualClock()
    fiddler = publisher(server, clock=clock)
    assert fiddler.schema().types["age"] is DataType.INT
    server.serve(Model.of(inputs={"age": "float"}, outputs={"score": "float"}))

    assert fiddler.schema().types["age"] is DataType.INT
    clock.time += 3600
    assert fiddler.schema().types["age"] is DataType.FLOAT


FAULTS = [
    (Status(429), PlatformUnavailableError),
    (Status(500), PlatformUnavailableError),
    (Status(503, body="html"), PlatformUnavailableError),
    (Status(408), PlatformUnavailableError),
    (Status(501), PublisherMisconfiguredError),
    (Status(405), PublisherMisconfiguredError),
    (Status(403), PublisherMisconfiguredError),
    (Status(404), PublisherMisconfiguredError),
    (Status(404, body="html"), PublisherMisconfiguredError),
    (Status(409), PublisherMisconfiguredError),
    (Status(302), PublisherMisconfiguredError),
    (Status(401), CredentialsRefusedError),
    (Status(400), BatchRefusedError),
    (Status(413, body="html"), BatchRefusedError),
    (Status(422), BatchRefusedError),
    (Reset(stored=False), PlatformUnavailableError),
    (Reset(stored=True), PlatformUnavailableError),
    (Truncated(), PlatformUnavailableError),
    (LOGIN_PAGE, PlatformUnavailableError),
    (GARBAGE_JSON, PlatformUnavailableError),
    (CUT_JSON, PlatformUnavailableError),
    (Answer(b"[]"), PlatformUnavailableError),
    (Answer(b'{"data": null}'), PlatformUnavailableError),
    (Answer(b'{"data": {"event_ids": ["call_0"]}}'), PlatformUnavailableError),
]


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: str(value)[:60])
def test_whatever_goes_wrong_is_one_of_our_errors_after_one_try(
    server: FiddlerServer, fault: Fault, kind: type[PublishError], caplog: pytest.LogCaptureFixture
) -> None:
    fiddler = publisher(server)
    fiddler.schema()
    server.fail_next(fault, fault)

    with pytest.raises(kind) as caught:
        fiddler.publish(batch())

    tries = 2 if kind is CredentialsRefusedError else 1
    assert len(server.publish_requests) == tries
    assert server.url in caught.value.message
    assert caught.value.advice
    assert TOKEN not in str(caught.value) + caplog.text


def test_a_repeat_says_how_often_it_was_sent_as_fiddlers_own_client_does(
    server: FiddlerServer,
) -> None:
    fiddler = publisher(server)
    for repeats in (0, 1, 2):
        fiddler.publish(msgspec.structs.replace(batch(), repeats=repeats))

    sent = [one.headers.get("x-fiddler-client-retry") for one in server.publish_requests]
    assert sent == [None, "1", "2"]


def test_a_batch_that_is_tried_again_is_marked_as_a_repeat_and_the_next_batch_is_not(
    server: FiddlerServer,
) -> None:
    sender = BatchSender(publisher(server), SendingClock(), retry_seconds=60)
    server.fail_next(Status(503), Reset(stored=True), None, Status(429))

    sender.deliver(batch())
    sender.deliver(batch())

    sent = [one.headers.get("x-fiddler-client-retry") for one in server.publish_requests]
    assert sent == [None, "1", "2", None, "1"]


def test_a_body_over_the_bytes_of_settings_is_not_sent_unless_it_is_one_row(
    server: FiddlerServer,
) -> None:
    fiddler = publisher(server, limits=RequestLimits(200, 250))
    assert (fiddler.limits.rows, fiddler.limits.bytes) == (200, 250)

    with pytest.raises(BatchTooLargeError, match="A request may have 250"):
        fiddler.publish(batch(9))
    fiddler.publish(batch(1))

    assert server.published_ids == ["call_0"]


def test_a_slow_answer_is_given_up_after_the_timeout(server: FiddlerServer) -> None:
    fiddler = publisher(server, timeout=2.0)  # enough to connect in, on a busy machine
    fiddler.schema()
    server.fail_next(Slow(release=threading.Event()))

    with pytest.raises(PlatformUnavailableError, match="in time") as caught:
        fiddler.publish(batch())
    assert caught.value.timed_out


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_the_time_that_the_platform_asks_to_wait_is_told(
    server: FiddlerServer, *, as_date: bool
) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1))
    fiddler = publisher(server)
    fiddler.schema()
    server.fail_next(Status(429, retry_after=in_an_hour if as_date else 3600))

    with pytest.raises(PlatformUnavailableError) as caught:
        fiddler.publish(batch())

    asked = caught.value.retry_after
    assert asked is not None
    assert 3000 < asked <= 3600 if as_date else asked == 3600


def test_what_the_platform_says_of_a_refused_row_is_kept_but_not_logged(
    server: FiddlerServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("fiddler").setLevel(logging.NOTSET)
    fiddler = publisher(server)
    fiddler.schema()
    server.fail_next(Status(400, "value 'Jane Doe' is not a number"))

    with pytest.raises(BatchRefusedError) as caught:
        fiddler.publish(batch())

    assert "Jane Doe" in caught.value.platform_message
    assert "Jane Doe" not in str(caught.value)
    assert "Jane Doe" not in caplog.text


def test_a_rotated_token_is_read_again_and_causes_no_failure(server: FiddlerServer) -> None:
    fiddler = publisher(server, TOKEN, ROTATED)
    fiddler.publish(batch())
    server.token = ROTATED

    fiddler.publish(batch())

    assert len(server.events) == 6


def test_a_token_rotated_before_the_first_use_causes_no_failure(server: FiddlerServer) -> None:
    server.token = ROTATED
    fiddler = publisher(server, TOKEN, ROTATED)

    assert fiddler.schema().types
    fiddler.publish(batch())

    assert len(server.events) == 3


def test_a_wrong_token_says_which_settings_to_look_at(server: FiddlerServer) -> None:
    with pytest.raises(CredentialsRefusedError, match="FIDDLER_TOKEN") as caught:
        publisher(server, "wrong").schema()
    assert "wrong" not in caught.value.message


def test_an_unknown_model_says_which_setting_to_look_at(server: FiddlerServer) -> None:
    other = "00000000-0000-4000-8000-000000000009"
    fiddler = FiddlerPublisher(
        server.url, Tokens(TOKEN), UUID(other), timeout=5, clock=SystemClock()
    )
    with pytest.raises(PublisherMisconfiguredError, match="FIDDLER_MODEL_UUID") as caught:
        fiddler.schema()
    assert other in str(caught.value)


def test_an_unreachable_host_says_which_setting_to_look_at() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    fiddler = FiddlerPublisher(url, Tokens(TOKEN), UUID(MODEL_ID), timeout=5, clock=SystemClock())
    with pytest.raises(PlatformUnavailableError, match="FIDDLER_URL"):
        fiddler.schema()


def test_a_column_of_an_unknown_type_is_named_and_not_asked_for_again() -> None:
    model = Model.of(inputs={"age": "int", "height": "decimal"}, outputs={"score": "float"})
    with FiddlerServer(model) as server:
        fiddler = publisher(server)
        with pytest.raises(
            PublisherMisconfiguredError, match="one of these types: float"
        ) as caught:
            fiddler.schema()
        asked = [request.path for request in server.requests if "/v3/models/" in request.path]

    assert "'height'" in caught.value.message
    assert "the type 'decimal'" in caught.value.message
    assert len(asked) == 1


def test_a_server_too_old_for_the_client_is_told(server: FiddlerServer) -> None:
    server.server_version = "23.1.0"
    with pytest.raises(PublisherMisconfiguredError, match="not compatible"):
        publisher(server).schema()


@pytest.mark.parametrize("fault", [LOGIN_PAGE, GARBAGE_JSON, Status(503), Reset(stored=False)])
@pytest.mark.parametrize("place", ["/v3/server-info", "/v3/models/"])
def test_a_fault_while_connecting_is_one_of_our_errors(
    server: FiddlerServer, fault: Fault, place: str
) -> None:
    server.fail_when(path(place), fault)
    with pytest.raises(PlatformUnavailableError):
        publisher(server).schema()


def test_a_failed_connection_is_tried_again_at_the_next_event(server: FiddlerServer) -> None:
    fiddler = publisher(server)
    server.token = ROTATED
    with pytest.raises(CredentialsRefusedError):
        fiddler.schema()
    server.token = TOKEN

    fiddler.schema()
    fiddler.publish(batch())

    assert len(server.events) == 3
