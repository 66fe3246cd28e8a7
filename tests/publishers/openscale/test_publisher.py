"""The OpenScale publisher, with the real delivery, against a loopback OpenScale."""

from __future__ import annotations

import dataclasses
import json
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
    SettingsError,
)
from capture_forwarder.core.line import Line, Position
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher
from capture_forwarder.publishers.openscale.requests import DataSetRecords, Destination
from capture_forwarder.publishers.openscale.tokens import CloudPakTokens
from tests.support.fakes import ManualClock
from tests.support.openscale import (
    BOTH,
    BY_SUBSCRIPTION,
    MAPPING,
    PAYLOADS,
    PAYLOADS_PATH,
    RECORDS,
    RECORDS_PATH,
    WHEN,
    batch,
    deliverer,
    iam,
    ids,
    inference,
    publisher,
)
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
)
from tests.support.platforms.openscale import ACCOUNT, OpenScaleServer
from tests.support.rows import inference_of

FIREWALL = Status(403, "Access denied. Reference 18.ab", body="html")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server(clock: ManualClock) -> Iterator[OpenScaleServer]:
    with OpenScaleServer(clock=clock.monotonic) as running:
        yield running


def says(text: str) -> Any:
    """Select publish requests whose body holds a text."""
    return lambda request: bool(request.publish_number) and text.encode() in request.body


def test_v2_records_arrive_as_ibm_documents_them(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    publisher(server, clock).publish(batch(2))

    (request,) = server.publish_requests
    assert (request.path, request.query) == (RECORDS_PATH, "split_to_multi_req=false")
    assert request.headers["authorization"] == "Bearer loopback-token-1"
    assert request.json == [
        {
            "request": {"fields": ["age", "plan"], "values": [[n, "basic"]]},
            "response": {"fields": ["score"], "values": [[n / 8]]},
            "scoring_id": f"call_{n}",
            "scoring_timestamp": WHEN,
            "multiple_records": True,
        }
        for n in range(2)
    ]
    assert server.published_ids == ids(2)


@pytest.mark.parametrize("status", [202, 204])
def test_v1_payloads_arrive_as_ibm_documents_them(
    server: OpenScaleServer, clock: ManualClock, status: Any
) -> None:
    server.v1_status = status

    publisher(server, clock, PAYLOADS).publish(batch(1))

    (request,) = server.publish_requests
    assert request.path == PAYLOADS_PATH
    assert request.json == [
        {
            "binding_id": ACCOUNT.binding_id,
            "subscription_id": ACCOUNT.subscription_id,
            "deployment_id": ACCOUNT.deployment_id,
            "request": {"fields": ["age", "plan"], "values": [[0, "basic"]]},
            "response": {"fields": ["score"], "values": [[0.0]]},
            "scoring_id": "call_0",
            "scoring_timestamp": WHEN,
        }
    ]
    assert server.published_ids == ids(1)


def test_metadata_columns_arrive_as_meta(server: OpenScaleServer, clock: ManualClock) -> None:
    mapping = ColumnMapping.of("age", "score", "where=endpoint", timestamp="at")
    row: dict[str, object] = {"age": 1, "score": 0.5, "at": WHEN, "where": "churn"}

    publisher(server, clock, mapping=mapping).publish(Batch.of([inference_of("x", row)]))

    (record,) = server.records
    assert (record.request, record.meta) == ({"age": 1}, {"where": "churn"})
    assert (record.response, record.scoring_timestamp) == ({"score": 0.5}, WHEN)


@pytest.mark.parametrize("end", ["", "/", "/openscale", "/openscale/"])
def test_the_address_may_have_a_path_and_either_of_ibms_endings(
    server: OpenScaleServer, clock: ManualClock, end: str
) -> None:
    address = Host(f"{server.url}/region/eu{end}", 5)
    openscale = OpenScalePublisher(address, iam(server, clock), RECORDS, MAPPING, clock)

    with pytest.raises(PublisherMisconfiguredError):
        openscale.publish(batch())

    assert server.requests[-1].path == f"/region/eu{RECORDS_PATH}"


def test_the_time_has_a_column_and_the_id_has_none(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    for destination in (RECORDS, PAYLOADS):
        schema = publisher(server, clock, destination).schema()

        assert (schema.timestamp_column, schema.event_id_column) == ("scoring_timestamp", None)


@BOTH
def test_one_token_serves_many_batches_and_threads(
    server: OpenScaleServer, clock: ManualClock, destination: Destination
) -> None:
    delivery = deliverer(publisher(server, clock, destination), clock)
    batches = [Batch.of([inference(f"call_{n}", n)]) for n in range(40)]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(delivery.deliver, batches))

    assert sum(outcome.published for outcome in outcomes) == 40
    assert sorted(server.published_ids) == sorted(ids(40))
    assert server.tokens_issued == 1


def test_a_token_is_renewed_before_it_ends(server: OpenScaleServer, clock: ManualClock) -> None:
    server.expires_in = 1000
    openscale = publisher(server, clock)
    openscale.publish(batch())
    clock.time = 900
    openscale.publish(batch())

    assert server.tokens_issued == 2
    assert len(server.publish_requests) == 2


@BOTH
def test_a_token_that_is_refused_is_renewed_and_causes_no_failure(
    server: OpenScaleServer, clock: ManualClock, destination: Destination
) -> None:
    delivery = deliverer(publisher(server, clock, destination), clock)
    delivery.deliver(batch())
    server.revoke()

    outcome = delivery.deliver(batch())

    assert (outcome.published, outcome.retries) == (3, 0)
    assert server.tokens_issued == 2
    assert len(server.publish_requests) == 3


def test_a_cloud_pak_gives_the_token(server: OpenScaleServer, clock: ManualClock) -> None:
    pak = Host(f"{server.url}/openscale", 5)
    secret = FixedSecret(ACCOUNT.password)
    tokens = CloudPakTokens(pak, ACCOUNT.username, secret, clock, field="password")
    openscale = OpenScalePublisher(pak, tokens, RECORDS, MAPPING, clock)
    openscale.publish(batch())
    server.revoke()
    openscale.publish(batch())

    assert server.published_ids == ids() * 2
    assert server.tokens_issued == 2


def test_the_data_set_of_a_subscription_is_found_once(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    openscale = publisher(server, clock, BY_SUBSCRIPTION)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: openscale.publish(batch()), range(8)))

    searches = [request for request in server.requests if request.path.endswith("/data_sets")]
    assert [request.query for request in searches] == [
        (
            f"target.target_id={ACCOUNT.subscription_id}&target.target_type=subscription"
            "&type=payload_logging"
        )
    ]
    assert server.published_ids == ids() * 8


def test_a_data_set_that_is_gone_is_looked_up_again(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    openscale = publisher(server, clock, BY_SUBSCRIPTION)
    openscale.publish(batch())
    server.account = dataclasses.replace(ACCOUNT, data_set_id="another")
    with pytest.raises(PublisherMisconfiguredError, match="OPENSCALE_SUBSCRIPTION_ID"):
        openscale.publish(batch())

    openscale.publish(batch())

    assert server.published_ids == ids() * 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Answer(b'{"data_sets": []}'), PublisherMisconfiguredError),
        (GARBAGE_JSON, PlatformUnavailableError),
        (LOGIN_PAGE, PlatformUnavailableError),
        (Status(503), PlatformUnavailableError),
        (Status(403), PublisherMisconfiguredError),
        (FIREWALL, PublisherMisconfiguredError),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_data_set_that_is_not_found_is_told(
    server: OpenScaleServer, clock: ManualClock, fault: Fault, kind: type[PublishError]
) -> None:
    server.fail_when(lambda request: request.method == "GET", fault)

    with pytest.raises(kind) as caught:
        publisher(server, clock, BY_SUBSCRIPTION).publish(batch())

    assert caught.value.advice
    assert server.publish_requests == []


def test_wide_rows_are_cut_into_requests_of_900_kilobytes(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    columns = [f"a_rather_long_column_name_{n}" for n in range(200)]
    mapping = ColumnMapping.of(columns, "score")
    openscale = publisher(server, clock, mapping=mapping)
    values = {name: n / 7 for n, name in enumerate(columns)}
    row: dict[str, object] = {**values, "score": 1, "scoring_timestamp": WHEN}
    rows = [inference_of(f"call_{n}", row) for n in range(600)]
    builder = BatchBuilder(openscale.limits, CaptureFile("b", "k"), "")
    captured = Line(1, 0, b"", len(json.dumps(list(values.values()))) * len(rows))
    batches = builder.add(captured, rows) + builder.cut(Position())

    outcomes = [deliverer(openscale, clock).deliver(part) for part in batches]

    assert server.published_ids == ids(600)
    assert max(len(request.body) for request in server.publish_requests) <= 900_000
    assert len(server.publish_requests) == sum(outcome.requests for outcome in outcomes)


@BOTH
def test_a_batch_that_turns_out_too_large_is_halved_before_anything_is_sent(
    server: OpenScaleServer, clock: ManualClock, destination: Destination
) -> None:
    openscale = publisher(server, clock, destination)
    rows = [inference(f"call_{n}", n, "x" * 300_000) for n in range(5)]
    with pytest.raises(BatchTooLargeError):
        openscale.publish(Batch.of(rows))
    assert server.requests == []

    outcome = deliverer(openscale, clock).deliver(Batch.of(rows))

    assert outcome.published == 5
    assert server.published_ids == ids(5)
    assert all(len(request.body) <= 900_000 for request in server.publish_requests)


def test_a_single_row_over_the_limit_is_sent_and_left_to_the_platform(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.byte_limit = 900_000
    rows = [inference("call_0"), inference("wide", 1, "x" * 1_000_000), inference("call_1")]

    outcome = deliverer(publisher(server, clock), clock).deliver(Batch.of(rows))

    assert [refusal.inference.id for refusal in outcome.refused] == ["wide"]
    assert server.published_ids == ids(2)


@BOTH
@pytest.mark.parametrize("status", [400, 413, 422])
def test_refused_rows_stand_alone_and_all_others_are_stored(
    server: OpenScaleServer, clock: ManualClock, destination: Destination, status: int
) -> None:
    bad = {"call_3", "call_11"}
    server.refuse_ids(bad.__contains__, status)

    outcome = deliverer(publisher(server, clock, destination), clock).deliver(batch(16))

    assert {refusal.inference.id for refusal in outcome.refused} == bad
    assert sorted(server.published_ids) == sorted(set(ids(16)) - bad)
    assert outcome.published == 14


def test_the_time_that_openscale_asks_to_wait_is_waited(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fail_next(Status(429, retry_after=17))

    outcome = deliverer(publisher(server, clock), clock).deliver(batch())

    assert (outcome.published, outcome.retries) == (3, 1)
    assert clock.sleeps == [17]


FAULTS = [
    (Status(429), PlatformUnavailableError),
    (Status(500), PlatformUnavailableError),
    (Status(503, body="html"), PlatformUnavailableError),
    (Status(408), PlatformUnavailableError),
    (Status(501), PublisherMisconfiguredError),
    (Status(403), PublisherMisconfiguredError),
    (Status(404), PublisherMisconfiguredError),
    (Status(302), PublisherMisconfiguredError),
    (Status(401), CredentialsRefusedError),
    (Status(400), BatchRefusedError),
    (Status(413, body="html"), BatchTooLargeError),
    (Status(422), BatchRefusedError),
    (Reset(stored=False), PlatformUnavailableError),
    (Reset(stored=True), PlatformUnavailableError),
    (LOGIN_PAGE, PlatformUnavailableError),
    (dataclasses.replace(LOGIN_PAGE, status=202), PlatformUnavailableError),
    (GARBAGE_JSON, PlatformUnavailableError),
    (CUT_JSON, PlatformUnavailableError),
    (Answer(b"", status=201), PlatformUnavailableError),
]


@BOTH
@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: str(value)[:60])
def test_whatever_goes_wrong_is_one_of_our_errors_after_one_try(
    server: OpenScaleServer,
    clock: ManualClock,
    destination: Destination,
    fault: Fault,
    kind: type[PublishError],
) -> None:
    openscale = publisher(server, clock, destination)
    server.fail_next(fault, fault)

    with pytest.raises(kind) as caught:
        openscale.publish(batch())

    assert len(server.publish_requests) == (2 if kind is CredentialsRefusedError else 1)
    assert server.url in caught.value.message
    assert caught.value.advice
    assert "loopback-token" not in str(caught.value)
    assert clock.sleeps == []


def test_an_answer_that_breaks_off_is_no_success(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fail_next(Truncated())
    with pytest.raises(PlatformUnavailableError):
        publisher(server, clock).publish(batch())


def test_v2_never_answers_without_content(server: OpenScaleServer, clock: ManualClock) -> None:
    server.fail_next(Answer(b"", status=204))
    with pytest.raises(PlatformUnavailableError, match="not OpenScale's"):
        publisher(server, clock).publish(batch())


def test_a_slow_answer_is_given_up_after_the_timeout(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fail_next(Slow(release=threading.Event()))
    with pytest.raises(PlatformUnavailableError, match="in time"):
        publisher(server, clock, timeout=0.2).publish(batch())


def test_an_unreachable_host_says_which_setting_to_look_at(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    openscale = OpenScalePublisher(Host(url, 5), iam(server, clock), RECORDS, MAPPING, clock)
    with pytest.raises(PlatformUnavailableError, match="OPENSCALE_URL"):
        openscale.publish(batch())


def test_what_the_platform_says_of_a_refused_row_is_kept_but_not_logged(
    server: OpenScaleServer, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail_next(Status(400, "value 'Jane Doe' is not a number"))

    with pytest.raises(BatchRefusedError) as caught:
        publisher(server, clock).publish(batch())

    assert "Jane Doe" in caught.value.platform_message
    assert "Jane Doe" not in str(caught.value) + caplog.text
    assert "loopback-token" not in caplog.text
    assert ACCOUNT.api_key not in caplog.text


@pytest.mark.parametrize(
    ("destination", "setting"),
    [
        (dataclasses.replace(RECORDS, service_instance_id="no"), "SERVICE_INSTANCE_ID \\(no\\)"),
        (dataclasses.replace(RECORDS, data_set_id="no"), "DATA_SET_ID \\(no\\)"),
        (dataclasses.replace(PAYLOADS, data_mart_id="no"), "DATA_MART_ID \\(no\\)"),
        (dataclasses.replace(PAYLOADS, binding_id="no"), "BINDING_ID \\(no\\)"),
    ],
)
def test_an_unknown_id_says_which_settings_to_look_at(
    server: OpenScaleServer, clock: ManualClock, destination: Destination, setting: str
) -> None:
    with pytest.raises(PublisherMisconfiguredError, match=setting):
        publisher(server, clock, destination).publish(batch())


@pytest.mark.parametrize(
    ("destination", "mapping"),
    [
        (DataSetRecords("instance"), MAPPING),
        (RECORDS, ColumnMapping.of("age")),
        (PAYLOADS, ColumnMapping.of("age", "score", "where=endpoint")),
    ],
)
def test_what_does_not_fit_together_is_told_before_anything_is_sent(
    server: OpenScaleServer, clock: ManualClock, destination: Destination, mapping: ColumnMapping
) -> None:
    with pytest.raises(SettingsError):
        publisher(server, clock, destination, mapping=mapping)
