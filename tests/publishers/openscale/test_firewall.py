"""The web firewall in front of OpenScale: a row that it blocks, and an address that it blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PlatformUnavailableError, PublisherMisconfiguredError
from capture_forwarder.publishers.openscale.requests import Destination
from tests.support.fakes import ManualClock
from tests.support.openscale import BOTH, batch, deliverer, ids, inference, publisher
from tests.support.platforms.faults import Answer, Status
from tests.support.platforms.openscale import OpenScaleServer

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


@BOTH
def test_a_row_that_the_firewall_blocks_stands_alone_and_blocks_no_other(
    server: OpenScaleServer, clock: ManualClock, destination: Destination
) -> None:
    server.fail_when(says("<script>"), FIREWALL)
    rows = [
        inference(f"call_{n}", n, "<script>alert(1)</script>" if n == 0 else "basic")
        for n in range(8)
    ]

    outcome = deliverer(publisher(server, clock, destination), clock).deliver(Batch.of(rows))

    (refusal,) = outcome.refused
    assert refusal.inference.id == "call_0"
    assert "firewall" in refusal.said
    assert "Reference 18.ab" in refusal.said
    assert "<" not in refusal.said
    assert sorted(server.published_ids) == ids(8)[1:]


@BOTH
@pytest.mark.parametrize("count", [1, 8])
def test_a_firewall_that_blocks_our_address_puts_no_row_into_quarantine(
    server: OpenScaleServer, clock: ManualClock, destination: Destination, count: int
) -> None:
    delivery = deliverer(publisher(server, clock, destination), clock)
    delivery.deliver(batch())
    server.fail_when(lambda request: bool(request.publish_number), FIREWALL)

    with pytest.raises(PublisherMisconfiguredError, match="firewall") as caught:
        delivery.deliver(batch(count))

    assert "not about rights" in caught.value.advice
    assert [request.body for request in server.publish_requests[-1:]] == [b"[]"]


def test_a_page_is_known_as_the_firewalls_by_its_look_too(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    page = Answer(b"\n<!DOCTYPE html><p>no</p>", content_type="text/plain", status=403)
    server.fail_when(lambda request: bool(request.publish_number), page)

    with pytest.raises(PublisherMisconfiguredError, match="firewall"):
        publisher(server, clock).publish(batch())


def test_while_the_platform_is_down_nothing_is_concluded_of_the_firewall(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fail_next(FIREWALL, Status(503))

    with pytest.raises(PlatformUnavailableError):
        publisher(server, clock).publish(batch())


def test_missing_rights_are_told_apart_from_the_firewall(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fail_next(Status(403))

    with pytest.raises(PublisherMisconfiguredError, match="the right to write") as caught:
        publisher(server, clock).publish(batch())

    assert "firewall" not in str(caught.value)
    assert len(server.publish_requests) == 1
