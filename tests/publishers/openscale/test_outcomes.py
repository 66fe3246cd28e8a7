"""What becomes of records that OpenScale has accepted, where somebody waits for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from capture_forwarder.core.errors import PlatformUnavailableError
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.sending import BatchSender
from tests.support.fakes import ManualClock
from tests.support.openscale import (
    CONFIRMED,
    RECORDS,
    RECORDS_PATH,
    batch,
    deliverer,
    ids,
    publisher,
)
from tests.support.platforms.faults import LOGIN_PAGE, Answer, Fault, Reset, Status
from tests.support.platforms.openscale import OpenScaleServer
from tests.support.platforms.server import Request


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server(clock: ManualClock) -> Iterator[OpenScaleServer]:
    with OpenScaleServer(clock=clock.monotonic) as running:
        yield running


@pytest.mark.parametrize("base", ["", "http://internal.example:9443"])
def test_an_outcome_is_asked_for_with_growing_waits_at_our_own_host(
    server: OpenScaleServer, clock: ManualClock, base: str
) -> None:
    server.location_base = base
    server.polls_until_done = 6

    deliverer(publisher(server, clock, CONFIRMED), clock).deliver(batch())

    asked = [request for request in server.requests if request.method == "GET"]
    assert {request.path for request in asked} == {
        RECORDS_PATH.replace("/records", "/requests/loopback-request-1")
    }
    assert clock.sleeps == [1, 2, 4, 8, 10, 10, 10]


def test_where_settings_say_so_nobody_waits_for_the_outcome(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.polls_until_done = 1000
    publisher(server, clock, RECORDS).publish(batch())

    assert clock.sleeps == []


def test_an_outcome_that_stays_open_is_given_up_after_two_minutes(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.polls_until_done = 1000

    with pytest.raises(PlatformUnavailableError, match="did not store it in time"):
        publisher(server, clock, CONFIRMED).publish(batch())
    assert 100 < clock.time < 120


def test_no_wait_for_an_outcome_goes_past_the_deadline(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.polls_until_done = 1000
    sender = BatchSender(
        publisher(server, clock, CONFIRMED), clock, retry_seconds=60, deadline=Deadline(clock, 9.5)
    )

    with pytest.raises(PlatformUnavailableError):
        sender.deliver(batch())
    assert clock.sleeps == [1, 2, 4]
    assert len(server.publish_requests) == 1


def test_a_row_that_cannot_be_stored_stands_alone_with_its_cause(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fail_later_ids({"call_5"}.__contains__, "invalid_value", "age is no number")

    outcome = deliverer(publisher(server, clock, CONFIRMED), clock).deliver(batch(8))

    (refusal,) = outcome.refused
    assert refusal.inference.id == "call_5"
    assert refusal.said == "invalid_value: age is no number"
    assert outcome.published == 7
    assert sorted(set(server.published_ids)) == sorted(set(ids(8)) - {"call_5"})


UNKNOWN = ["AIQCS0002E", "", "Jane Doe", "42"]
OWN = ["500", "503", "internal_error", "DB_TIMEOUT", "429", "invalid_token_internal"]


@pytest.mark.parametrize("code", [*OWN, *UNKNOWN])
def test_a_storing_that_fails_for_no_known_fault_of_the_rows_is_tried_again(
    server: OpenScaleServer, clock: ManualClock, code: str
) -> None:
    server.fail_later_ids(lambda _: True, code, "'Jane Doe'")
    with pytest.raises(PlatformUnavailableError) as caught:
        publisher(server, clock, CONFIRMED).publish(batch())
    assert "Jane" not in str(caught.value)
    server.fail_later_ids(None)

    publisher(server, clock, CONFIRMED).publish(batch())

    assert server.published_ids == ids()


@pytest.mark.parametrize("failure", [b"", b', "failure": null', b', "failure": {"errors": [7]}'])
def test_a_storing_that_fails_without_a_cause_is_not_held_against_the_rows(
    server: OpenScaleServer, clock: ManualClock, failure: bytes
) -> None:
    answer = Answer(b'{"state": "error"' + failure + b"}")
    server.fail_when(lambda request: request.method == "GET", answer)

    with pytest.raises(PlatformUnavailableError):
        publisher(server, clock, CONFIRMED).publish(batch())
    assert clock.sleeps == [1]


@pytest.mark.parametrize("fault", [Status(503), Status(404), LOGIN_PAGE, Reset(stored=False)])
def test_a_fault_while_asking_is_no_outcome_and_nothing_is_sent_twice(
    server: OpenScaleServer, clock: ManualClock, fault: Fault
) -> None:
    def first_ask(request: Request) -> bool:
        return request.method == "GET" and clock.time < 2

    server.fail_when(first_ask, fault)

    publisher(server, clock, CONFIRMED).publish(batch())

    assert len(server.publish_requests) == 1
    assert clock.sleeps == [1, 2]


def test_a_token_that_ends_while_asking_is_renewed(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.expires_in = 20
    server.polls_until_done = 5

    publisher(server, clock, CONFIRMED).publish(batch())

    assert server.tokens_issued > 1
    assert server.published_ids == ids()


def test_an_acceptance_without_a_place_for_the_outcome_is_none_where_one_is_wanted(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fail_next(Answer(b'{"state": "preparing"}', status=202))
    with pytest.raises(PlatformUnavailableError, match="where their outcome is"):
        publisher(server, clock, CONFIRMED).publish(batch())
